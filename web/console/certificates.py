"""Certificates at the console: what was issued, and revoking it."""

from datetime import UTC, datetime
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request, Response

from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Verdict
from engine.unavailable import EngineUnavailable
from records import certificates
from web.console.access import HOME, Administrator, SignedIn, note
from web.console.page import show
from web.forms import posted
from web.house import house_of
from web.i18n import N_, _
from web.pages import see_other
from web.revocation_words import reason_text
from web.telling import away, message_id, now
from workflows.messages import Revoke

router = APIRouter(prefix=f"{HOME}/certificates")

SHOWN = 200
STAGES = {
    CertificateStage.VALID: N_("有効"),
    CertificateStage.REVOKED: N_("失効"),
    CertificateStage.EXPIRED: N_("期限切れ"),
}
TAKEN = {
    Verdict.ACCEPTED: N_("失効を受け付けました。"),
    Verdict.REPEATED: N_("この証明書の失効は、すでに受け付けています。理由は最初のものが残ります。"),
    "received": N_(
        "受け付けました。ただいま処理に時間がかかっていますが、受け付けた内容は失われません。処理はこのまま続きます。"
    ),
}
REFUSED = N_("この証明書は、すでに失効したか、期限が切れています。")


@router.get("")
async def listed(request: Request, operator: SignedIn) -> Response:
    """The newest certificates."""
    at, said = datetime.now(UTC), request.query_params.get("said", "")
    async with house_of(request).database.begin() as session:
        rows = (await certificates.list_certificates(session, operator.tenant))[:SHOWN]
    return show(
        request,
        operator,
        "certificates.html",
        rows=[(row, certificates.stage_of(row, at)) for row in rows],
        stage_words={stage: _(label) for stage, label in STAGES.items()},
        reason_text=reason_text,
        taken=_(TAKEN[said]) if said in TAKEN else "",
        refused=_(REFUSED) if said and said not in TAKEN else "",
    )


@router.get("/{serial}/revocation")
async def ask(request: Request, operator: Administrator, serial: str) -> Response:
    """The form that revokes a certificate. 404 for one that there is not, or that does not count any more."""
    async with house_of(request).database.begin() as session:
        row = await certificates.find(session, serial)
    if row is None or certificates.stage_of(row, datetime.now(UTC)).ended:
        raise HTTPException(404)
    return show(
        request,
        operator,
        "revocation.html",
        certificate=row,
        reasons=[(reason.value, reason_text(reason), reason.value) for reason in RevocationReason],
        form_id=uuid4().hex,
    )


@router.post("/{serial}/revocation")
async def revoke(request: Request, operator: Administrator, serial: str) -> Response:
    """Revoke a certificate; subscriber and agent are told."""
    raw = await posted(request)
    if raw.get("reason") not in set(RevocationReason):
        raise HTTPException(400)
    async with house_of(request).database.begin() as session:
        row = await certificates.find(session, serial)
    if row is None:
        raise HTTPException(404)
    message = Revoke(
        message_id=message_id(raw),
        received_at=now(),
        reason=RevocationReason(raw["reason"]),
        by=operator.actor,
    )
    await note(request, operator.actor, "asked_to_revoke", row.reference, row.tenant, serial=serial)
    try:
        answer = await house_of(request).registry.tell(serial, message)
    except EngineUnavailable:
        return away(request)
    url = f"{HOME}/certificates?said={answer.verdict or 'received'}"
    return see_other(url)
