"""The stand-in's application: the calls that the enrolment system makes, and a page for people."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

import httpx
from cryptography import x509
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from devstack.econtract.credentials import (
    Conflict,
    CredentialStore,
    Owner,
    StoreError,
    Unfit,
    Unknown,
    serial_text,
)
from devstack.econtract.events import event_calls
from devstack.econtract.front import Front
from devstack.econtract.logbook import Logbook
from devstack.econtract.page import Pages, add_page
from devstack.econtract.people import people_pages
from devstack.ports import LOOPBACK

_HERE = Path(__file__).parent
_STATUS: dict[type[StoreError], HTTPStatus] = {
    Conflict: HTTPStatus.CONFLICT,
    Unknown: HTTPStatus.NOT_FOUND,
    Unfit: HTTPStatus.UNPROCESSABLE_ENTITY,
}

_CALLED = ("/credentials", "/events")

_bearer = HTTPBearer(auto_error=False)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewCredential(_Body):
    """For whom a key is to be made."""

    reference: str = Field(min_length=1, max_length=100)
    email: str = Field(min_length=3, max_length=320)
    name: str = Field(min_length=1, max_length=200)
    key: Literal["EC-P256"]


class NewCertificate(_Body):
    """A certificate (PEM) and the CA certificates above it, its issuer first."""

    certificate: str = Field(max_length=20_000)
    chain: list[Annotated[str, Field(max_length=20_000)]] = Field(min_length=1, max_length=8)


class Removal(_Body):
    """Which certificate goes (serial number in hexadecimal), and why (a reason of RFC 5280)."""

    serial: str = Field(pattern=r"^[0-9A-Fa-f]{1,40}$")
    reason: str = Field(min_length=1, max_length=40)


class MadeCredential(BaseModel):
    """The key's name here, and a certification request (PEM) signed with it."""

    credential_id: str
    csr: str


@dataclass(frozen=True)
class Service:
    """What the service shares with the registration authority, and where it keeps its own.

    `key` is what callers show as a bearer token, `webhook_key` signs the events that come; `front` is the
    authority's web front, called with one API key per tenant. `names` are those of ours beside loopback's.
    """

    folder: Path
    key: str
    webhook_key: bytes
    front: str
    api_keys: Mapping[str, str]
    names: tuple[str, ...] = ()


def create_app(service: Service, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """Make the application; `transport` carries its own calls, HTTP if not given."""
    store, logbook = CredentialStore(service.folder), Logbook(service.folder)
    front = Front(service.front, service.api_keys, logbook, transport)
    pages = Pages(front.origin)
    app = FastAPI(title="E-contract service (stand-in)", docs_url=None, redoc_url=None)
    # A page on the web that lends its own name to 127.0.0.1 reads nothing here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost", *service.names])
    app.middleware("http")(_quiet_headers)
    app.middleware("http")(_noting(logbook))
    app.add_exception_handler(StoreError, _store_problem)
    app.add_exception_handler(StarletteHTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.include_router(_calls(store, service.key))
    app.include_router(event_calls(logbook, service.webhook_key))
    app.include_router(people_pages(front, pages.show))
    add_page(app, pages, store, logbook)
    app.get("/healthz", include_in_schema=False)(_healthz)
    return app


def _calls(store: CredentialStore, key: str) -> APIRouter:
    def check_key(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if given is None or not hmac.compare_digest(given.credentials.encode(), key.encode()):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})

    calls = APIRouter(prefix="/credentials", dependencies=[Depends(check_key)])

    @calls.post("")
    def create_credential(new: NewCredential) -> MadeCredential:
        made = store.create(Owner(new.reference, new.email, new.name))
        return MadeCredential(credential_id=made.credential_id, csr=made.csr)

    @calls.put("/{credential_id}/certificate", status_code=HTTPStatus.NO_CONTENT)
    def install_certificate(credential_id: str, new: NewCertificate) -> None:
        store.install(credential_id, _certificate(new.certificate), [_certificate(pem) for pem in new.chain])

    @calls.delete("/{credential_id}/certificate", status_code=HTTPStatus.NO_CONTENT)
    def remove_certificate(credential_id: str, removal: Removal) -> None:
        store.remove(credential_id, serial_text(int(removal.serial, 16)), removal.reason)

    @calls.delete("/{credential_id}", status_code=HTTPStatus.NO_CONTENT)
    def delete_credential(credential_id: str) -> None:
        store.delete(credential_id)

    return calls


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise Unfit("a certificate cannot be read") from None


async def _healthz() -> Response:
    return PlainTextResponse("ok")


async def _store_problem(_: Request, error: Exception) -> Response:
    return _problem(
        _STATUS[type(error)] if isinstance(error, StoreError) else HTTPStatus.BAD_REQUEST, str(error)
    )


async def _http_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    return _problem(HTTPStatus(error.status_code), None, error.headers)


async def _unreadable(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = sorted({".".join(str(part) for part in found["loc"][1:]) for found in error.errors()})
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong or missing: " + ", ".join(wrong))


def _problem(status: HTTPStatus, detail: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with problem details (RFC 9457)."""
    body: dict[str, str | int] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if detail is not None:
        body["detail"] = detail
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _noting(logbook: Logbook) -> Callable[..., Awaitable[Response]]:
    """Write the authority's calls down, as they were answered; people's visits are no calls."""

    async def note(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        if request.url.path.startswith(_CALLED):
            logbook.note_call("in", request.method, request.url.path, response.status_code)
        return response

    return note


async def _quiet_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
