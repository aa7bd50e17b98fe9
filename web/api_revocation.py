"""The API's calls about certificates: where one stands, and its revocation."""

import hashlib
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette import status

from domain.problem import RuleBroken
from domain.revocation import CertificateStage, RevocationReason, parse_serial
from domain.stage import Verdict
from engine.certificates import UnknownCertificate
from engine.unavailable import EngineUnavailable
from records import certificates
from records.certificates import stage_of
from records.tables import Certificate
from web.api_access import Caller, CallerOfRequest
from web.api_problems import LATER, PLACE, ApiProblem, documented
from web.house import House, house_of
from web.telling import now
from workflows.messages import Revoke

router = APIRouter(prefix="/certificates", tags=["certificates"])


GivenReason = Literal[
    "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation", "unspecified"
]


class Revocation(BaseModel):
    """Why the certificate is revoked (RFC 5280, section 5.3.1)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"examples": [{"reason": "affiliationChanged"}]},
    )

    reason: GivenReason


class RevocationTaken(BaseModel):
    """What became of the revocation.

    `accepted`; `repeated`: it had been revoked before, and the first reason stays; `received`: it is kept,
    and counts as soon as the registration authority's worker is back.
    """

    serial: str
    verdict: Literal["accepted", "repeated", "received"]


class CertificateShown(BaseModel):
    """Where a certificate stands; `serial` in hexadecimal."""

    serial: str
    reference: str
    stage: CertificateStage
    not_before: datetime
    not_after: datetime
    installed_at: datetime | None
    revoked_at: datetime | None
    reason: RevocationReason | None = Field(description="Why it was revoked, once it is.")


@router.get(
    "/{serial}", responses=documented("unauthorized", "unknown-certificate", "invalid", "too-many-requests")
)
async def read_certificate(request: Request, caller: CallerOfRequest, serial: str) -> CertificateShown:
    """Where one certificate of the tenant's stands; the serial in any writing."""
    certificate = await _certificate(house_of(request), caller, serial)
    return CertificateShown(
        serial=certificate.serial,
        reference=certificate.reference,
        stage=stage_of(certificate, datetime.now(UTC)),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        installed_at=certificate.installed_at,
        revoked_at=certificate.revoked_at,
        reason=RevocationReason(certificate.revocation_reason) if certificate.revocation_reason else None,
    )


@router.post(
    "/{serial}/revocation",
    responses={
        202: {
            "description": "Kept, but not done yet: look at `Location` later.",
            "model": RevocationTaken,
            "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
        },
        **documented("malformed", "unauthorized", "unknown-certificate", "too-late", "too-large", "invalid"),
        **documented("too-many-requests", "engine-away"),
    },
)
async def revoke_certificate(
    request: Request, response: Response, caller: CallerOfRequest, serial: str, revocation: Revocation
) -> RevocationTaken:
    """Revoke a certificate for good: at the CA, and then in your service.

    Subscriber and agent are told. Done twice it is done once.
    """
    house = house_of(request)
    certificate = await _certificate(house, caller, serial)
    message = _message(certificate, caller, RevocationReason(revocation.reason))
    try:
        answer = await house.registry.tell(certificate.serial, message)
    except UnknownCertificate:
        raise ApiProblem("unknown-certificate") from None
    except EngineUnavailable:
        raise ApiProblem("engine-away", headers=LATER) from None
    match answer.verdict:
        case None:
            response.status_code = status.HTTP_202_ACCEPTED
            place = f"{house.settings.web_origin}{PLACE}/certificates/{certificate.serial}"
            response.headers["Location"] = place
            return RevocationTaken(serial=certificate.serial, verdict="received")
        case Verdict.ACCEPTED:
            return RevocationTaken(serial=certificate.serial, verdict="accepted")
        case Verdict.REPEATED:
            return RevocationTaken(serial=certificate.serial, verdict="repeated")
        case _:
            raise ApiProblem("too-late", "The certificate has expired.", more={"stage": answer.stage})


async def _certificate(house: House, caller: Caller, serial: str) -> Certificate:
    """The caller's own certificate; another tenant's is as unknown as none at all. Raises ApiProblem."""
    try:
        text = parse_serial(serial)
    except RuleBroken:
        raise ApiProblem("unknown-certificate") from None
    async with house.database.begin() as session:
        found = await certificates.find(session, text)
    if found is None or found.tenant != caller.tenant.name:
        raise ApiProblem("unknown-certificate")
    return found


def _message(certificate: Certificate, caller: Caller, reason: RevocationReason) -> Revoke:
    """The message; the same revocation has the same id, however often it comes."""
    derived = hashlib.sha256(f"{certificate.serial}\0{caller.key_id}\0{reason}".encode()).hexdigest()
    return Revoke(
        message_id=f"api-{derived[:48]}",
        received_at=now(),
        reason=reason,
        by=f"econtract:{caller.tenant.name}",
    )
