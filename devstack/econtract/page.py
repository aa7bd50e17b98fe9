"""The pages: whose keys are here, which certificates were installed for them, and what was called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.templating import Jinja2Templates

from devstack.econtract.credentials import CredentialStore, Installed, serial_of
from devstack.econtract.logbook import Event, Logbook
from devstack.econtract.words import words
from domain.reference import Reference

_JAPAN = ZoneInfo("Asia/Tokyo")
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'self'"
)
_YEAR = 365 * 24 * 3600
_WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_SHORT_NAMES = {
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.SURNAME: "SN",
    NameOID.GIVEN_NAME: "GN",
}

_templates = Jinja2Templates(Path(__file__).parent / "templates")


@dataclass(frozen=True)
class Shown:
    """A certificate as the page shows it."""

    subject: str
    addresses: list[str]
    serial: str
    not_before: datetime
    not_after: datetime
    issuer: str
    installed: Installed


class Pages:
    """Shows pages in the language of who looks."""

    def __init__(self, front: str) -> None:
        """Take the authority's origin: a form of ours may lead there by a redirect."""
        self._policy = f"{_POLICY} {front}"

    def show(self, request: Request, template: str, status: int = HTTPStatus.OK, **facts: object) -> Response:
        """Render a template."""
        asked = request.query_params.get("lang")
        chosen = words(asked, request.cookies.get("lang"), request.headers.get("accept-language", ""))
        content = {"w": chosen, "here": request.url.path, "other_url": _in(request, chosen["other"])} | facts
        response = _templates.TemplateResponse(request, template, content, status)
        response.headers["Content-Security-Policy"] = self._policy
        if asked == chosen["lang"]:
            response.set_cookie("lang", asked, max_age=_YEAR, samesite="lax", httponly=True)
        return response


def add_page(app: FastAPI, pages: Pages, store: CredentialStore, logbook: Logbook) -> None:
    """Add the certificates, their download and the log to the application."""

    @app.get("/", include_in_schema=False)
    def index(request: Request) -> Response:
        rows = [(found, [_shown(c) for c in found.certificates]) for found in store.newest_first()]
        return pages.show(request, "certificates.html", rows=rows)

    @app.get("/log", include_in_schema=False)
    def log(request: Request) -> Response:
        enrolments = list(_by_enrolment(logbook.events()))
        return pages.show(request, "log.html", calls=logbook.calls(), enrolments=enrolments)

    @app.get("/certificates/{credential_id}/{serial}.pem", include_in_schema=False)
    def certificate(request: Request, credential_id: str, serial: str) -> Response:
        return download(request, store.installed(credential_id, serial), f"{serial}.pem", whole=False)

    @app.get("/certificates/{credential_id}/{serial}/chain.pem", include_in_schema=False)
    def chain(request: Request, credential_id: str, serial: str) -> Response:
        return download(request, store.installed(credential_id, serial), f"{serial}-chain.pem", whole=True)

    def download(request: Request, found: Installed | None, name: str, *, whole: bool) -> Response:
        if found is None:
            chosen = words(None, request.cookies.get("lang"), request.headers.get("accept-language", ""))
            return PlainTextResponse(chosen["missing"], HTTPStatus.NOT_FOUND)
        return Response(
            "".join([found.certificate, *found.chain]) if whole else found.certificate,
            media_type="application/x-pem-file",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _by_enrolment(newest_first: list[Event]) -> Iterator[list[Event]]:
    """Group the events: the enrolment that was last told of comes first, its events in their order."""
    references = dict.fromkeys(event.reference for event in newest_first)
    for reference in references:
        yield [event for event in reversed(newest_first) if event.reference == reference]


def _in(request: Request, language: str) -> str:
    """Give this page's address in a language; relative, and without what a form was answered."""
    return f"{request.url.path}?lang={language}"


def _shown(installed: Installed) -> Shown:
    certificate = x509.load_pem_x509_certificate(installed.certificate.encode())
    return Shown(
        _name(certificate.subject),
        _addresses(certificate),
        serial_of(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        _name(certificate.issuer),
        installed,
    )


def _name(name: x509.Name) -> str:
    return ", ".join(attribute.rfc4514_string(_SHORT_NAMES) for attribute in name)


def _addresses(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.RFC822Name)


def _clock(moment: datetime) -> str:
    """Write a moment briefly, for a log."""
    return moment.astimezone(_JAPAN).strftime("%m/%d %H:%M:%S")


def _moment(moment: datetime | str, words_: Mapping[str, str]) -> str:
    """Write a moment in Japan's time, with the weekday."""
    local = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(_JAPAN)
    weekday = _WEEKDAYS[words_["lang"]][local.weekday()]
    if words_["lang"] == "ja":
        return f"{local.year}年{local.month}月{local.day}日（{weekday}）{local:%H:%M}（日本時間）"
    return f"{weekday} {local.day} {local:%b %Y, %H:%M} JST"


def _grouped(reference: str) -> str:
    """Write a reference as people see it elsewhere; anything else as it came."""
    try:
        return Reference.parse(reference).grouped
    except ValueError:
        return reference


_templates.env.filters["moment"] = _moment
_templates.env.filters["clock"] = _clock
_templates.env.filters["grouped"] = _grouped
