"""The cookie of one enrolment: who pressed a mailed link may see that enrolment's pages in this browser.

It is sealed, limited to the enrolment's own path, and says which link was pressed. Whether that link still
counts is compared with the read model at each page. The principal of an agent's application has a cookie of
another name, below the approval's path, and so has who revokes a certificate: several persons may use one
browser without becoming each other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request, Response

from domain.link_token import Purpose
from records.enrolments import Enrolment
from web.house import house_of

APPLICANT_COOKIE = "jcan_enrolment"
PRINCIPAL_COOKIE = "jcan_approval"
REVOCATION_COOKIE = "jcan_revocation"
_SEALED_FOR = "enrolment-session"


@dataclass(frozen=True)
class Session:
    """A pressed link: which enrolment's, what for, and which one of its kind."""

    reference: str
    purpose: Purpose
    generation: int


def home_of(tenant: str, reference: str) -> str:
    """The path under which all of an enrolment's pages are."""
    return f"/{tenant}/enrolments/{reference}"


def approval_of(tenant: str, reference: str) -> str:
    """The path under which the principal decides about an agent's application."""
    return f"{home_of(tenant, reference)}/approval"


def revocation_of(tenant: str, reference: str) -> str:
    """The path under which the certificate of an enrolment is revoked."""
    return f"{home_of(tenant, reference)}/revocation"


def deadline_of(enrolment: Enrolment, application_ttl: timedelta) -> datetime:
    """When a session that begins now ends: with the present stage, and not within the time for a form."""
    latest = datetime.now(UTC) + application_ttl
    return max(enrolment.until, latest) if enrolment.until else latest


_KEPT_AT = {
    Purpose.APPROVAL: (PRINCIPAL_COOKIE, approval_of),
    Purpose.REVOCATION: (REVOCATION_COOKIE, revocation_of),
}
"""Cookie and path of the purposes that have their own."""


def begin(request: Request, response: Response, tenant: str, session: Session, until: datetime) -> None:
    """Give this browser the session's cookie, good until `until`."""
    house = house_of(request)
    facts = {
        "reference": session.reference,
        "purpose": int(session.purpose),
        "generation": session.generation,
    }
    cookie, place = _KEPT_AT.get(session.purpose, (APPLICANT_COOKIE, home_of))
    response.set_cookie(
        cookie,
        house.sealer.seal(_SEALED_FOR, facts, until),
        path=place(tenant, session.reference),
        expires=until.replace(microsecond=0),
        httponly=True,
        samesite="lax",
        secure=house.settings.web_origin.startswith("https://"),
    )


def applicant_session(request: Request, reference: str) -> Session | None:
    """This browser's session of the applicant's for an enrolment, if it has one."""
    session = _opened(request, APPLICANT_COOKIE, reference)
    return None if session is None or session.purpose in _KEPT_AT else session


def principal_session(request: Request, reference: str) -> Session | None:
    """This browser's session of the principal's for an agent's application, if it has one."""
    session = _opened(request, PRINCIPAL_COOKIE, reference)
    return session if session is not None and session.purpose is Purpose.APPROVAL else None


def revocation_session(request: Request, reference: str) -> Session | None:
    """This browser's session of whoever pressed the link to the revocation, if it has one."""
    session = _opened(request, REVOCATION_COOKIE, reference)
    return session if session is not None and session.purpose is Purpose.REVOCATION else None


def _opened(request: Request, cookie: str, reference: str) -> Session | None:
    facts = house_of(request).sealer.open(_SEALED_FOR, request.cookies.get(cookie, ""))
    if facts is None or facts["reference"] != reference:
        return None
    return Session(reference, Purpose(int(str(facts["purpose"]))), int(str(facts["generation"])))
