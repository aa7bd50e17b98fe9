"""The mailed link to a certificate's revocation: landing, press, confirmation, 失効する and its result."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from domain.link_token import BadToken, LinkToken, Purpose, verify
from domain.revocation import RevocationReason
from domain.stage import Verdict
from domain.tenant import Tenant
from engine.unavailable import EngineUnavailable
from records import certificates, enrolments, presses
from records.enrolments import Enrolment
from records.tables import Certificate
from web import dead_links, revocation_dead
from web.forms import posted
from web.house import house_of
from web.i18n import N_, _, language_of, moment
from web.links import Landing, masked
from web.pages import Fact, TenantOfPath, render, see_other
from web.revocation_words import certificate_facts, is_valid, reason_text
from web.safety import concerns
from web.session import Session, begin, revocation_of, revocation_session
from web.telling import away, message_id, now
from web.visits import enrolment_at, in_other_language
from workflows.messages import Revoke

router = APIRouter(prefix="/{tenant}")

LANDING = Landing(
    N_("証明書の失効の手続き"),
    N_(
        "次の証明書の失効の手続きを始めます。証明書の利用者ご本人であることをご確認のうえ、ボタンを押してください。この段階では、まだ失効しません。"
    ),
    N_("失効の手続きに進む"),
)


@dataclass(frozen=True)
class Case:
    """A certificate, and the enrolment that it was issued for."""

    tenant: Tenant
    certificate: Certificate
    enrolment: Enrolment

    @property
    def home(self) -> str:
        """The path under which it is revoked."""
        return revocation_of(self.tenant.name, self.enrolment.reference)


@router.get("/revocation/link")
async def land(request: Request, tenant: TenantOfPath) -> Response:
    """The landing page: whose certificate it is, and a button. Nothing is changed, whoever fetches it."""
    text = request.query_params.get("onetimetoken", "")
    found = await _case_behind(request, tenant, text)
    if isinstance(found, Response):
        return found
    case, token = found
    if await _was_pressed(request, token):
        return see_other(case.home)
    return render(
        request,
        "landing.html",
        landing=LANDING,
        enrolment=case.enrolment,
        action=request.url.path,
        token=text,
        form_id=uuid4().hex,
        facts=_outline(request, case),
    )


@router.post("/revocation/link")
async def press(request: Request, tenant: TenantOfPath) -> Response:
    """The press: from now on this browser may confirm the revocation."""
    form = await posted(request)
    found = await _case_behind(request, tenant, form.get("onetimetoken", ""))
    if isinstance(found, Response):
        return found
    case, token = found
    house = house_of(request)
    async with house.database.begin() as session:
        is_first = await presses.press(session, token, tenant.name, message_id(form))
    response = see_other(case.home)
    if is_first:
        until = case.certificate.revocation_until or now() + house.settings.link_ttl
        kept = Session(case.enrolment.reference, Purpose.REVOCATION, token.generation)
        begin(request, response, tenant.name, kept, until + timedelta(hours=1))
    return response


@router.get("/enrolments/{reference}/revocation")
async def confirm(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """What is going to be revoked, and why, once more before it is."""
    visit = await _visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    case, _session = visit
    if not is_valid(case.certificate):
        return see_other(f"{case.home}/done")
    return _confirmation(request, case, uuid4().hex)


@router.post("/enrolments/{reference}/revocation")
async def revoke(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """失効する."""
    form = await posted(request)
    visit = await _visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    case, session = visit
    wish = Revoke(
        message_id=message_id(form),
        received_at=now(),
        reason=RevocationReason(case.certificate.requested_reason or RevocationReason.UNSPECIFIED),
        by="principal",
        generation=session.generation,
    )
    try:
        answer = await house_of(request).registry.tell(case.certificate.serial, wish)
    except EngineUnavailable:
        return away(request)
    if answer.verdict in {Verdict.ACCEPTED, Verdict.REPEATED, None}:
        return see_other(f"{case.home}/done")
    return await _refused(request, tenant, reference)


@router.get("/enrolments/{reference}/revocation/done")
async def done(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """What became of it."""
    visit = await _visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    case, _session = visit
    if case.certificate.revoked_at is None and not is_valid(case.certificate):
        return revocation_dead.expired(request, tenant)
    return render(
        request,
        "revocation_done.html",
        revoked=case.certificate.revoked_at is not None,
        facts=certificate_facts(case.certificate, case.enrolment),
        home=case.home,
        service=tenant.service_name.of(language_of(request)),
        checked_at=now(),
    )


async def _refused(request: Request, tenant: Tenant, reference: str) -> Response:
    """Why a press came to nothing, by what the read model says after it."""
    visit = await _visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    if not is_valid(visit[0].certificate):
        return see_other(f"{visit[0].home}/done")
    return revocation_dead.late(request, tenant)


async def _case_behind(request: Request, tenant: Tenant, text: str) -> tuple[Case, LinkToken] | Response:
    """The case that a good link leads to, or the page that says why it does not lead on."""
    house = house_of(request)
    try:
        token = verify(text, house.settings.link_keyring, None)
    except BadToken as error:
        return revocation_dead.junk(request, tenant, error)
    async with house.database.begin() as session:
        enrolment = await enrolments.find(session, house.vault, token.reference.text)
        certificate = await certificates.of_enrolment(session, token.reference.text)
    owner = house.tenants.get(enrolment.tenant) if enrolment else None
    if enrolment is None or owner is None:
        return revocation_dead.unknown(request, tenant)
    concerns(enrolment.reference)
    if owner.name != tenant.name or token.purpose is not Purpose.REVOCATION:
        return dead_links.misplaced(request, tenant, owner, token, text)
    if certificate is None:
        return revocation_dead.unknown(request, tenant)
    gone = _dead_end(request, tenant, certificate, token.generation)
    return gone or (Case(tenant, certificate, enrolment), token)


async def _visit(request: Request, tenant: Tenant, reference: str) -> tuple[Case, Session] | Response:
    """A case with a session that counts, or the page that says why there is nothing to see here."""
    enrolment = await enrolment_at(request, tenant, reference)
    if enrolment is None:
        return revocation_dead.unknown(request, tenant)
    async with house_of(request).database.begin() as session:
        certificate = await certificates.of_enrolment(session, reference)
    if certificate is None:
        return revocation_dead.unknown(request, tenant)
    opened = revocation_session(request, reference)
    if opened is None:
        return revocation_dead.elsewhere(request, tenant)
    if is_valid(certificate) and opened.generation < certificate.revocation_generation:
        return revocation_dead.superseded(request, tenant)
    return Case(tenant, certificate, enrolment), opened


def _dead_end(request: Request, tenant: Tenant, certificate: Certificate, generation: int) -> Response | None:
    if certificate.revoked_at is not None:
        return revocation_dead.revoked(request, tenant)
    if not is_valid(certificate):
        return revocation_dead.expired(request, tenant)
    if generation < certificate.revocation_generation:
        return revocation_dead.superseded(request, tenant)
    if certificate.revocation_until is not None and now() > certificate.revocation_until:
        return revocation_dead.late(request, tenant)
    return None


async def _was_pressed(request: Request, token: LinkToken) -> bool:
    async with house_of(request).database.begin() as session:
        return await presses.was_pressed(session, token)


def _confirmation(request: Request, case: Case, form_id: str) -> Response:
    return render(
        request,
        "revocation_confirm.html",
        facts=[
            *certificate_facts(case.certificate, case.enrolment),
            Fact(
                _("失効の理由"),
                reason_text(case.certificate.requested_reason or RevocationReason.UNSPECIFIED),
            ),
        ],
        home=case.home,
        form_id=form_id,
        other_language_url=in_other_language(request, case.home),
    )


def _outline(request: Request, case: Case) -> list[Fact]:
    """Which certificate: enough to recognise it by, the address only in outline."""
    certificate, details = case.certificate, case.enrolment.details
    rows = [
        Fact(_("証明書のシリアル番号"), certificate.serial, num=True),
        Fact(_("サービス"), case.tenant.service_name.of(language_of(request))),
        Fact(_("証明書の有効期間"), _("%(end)sまで", end=moment(certificate.not_after))),
    ]
    if details is not None and details.application is not None:
        rows.append(Fact(_("メールアドレス"), masked(details.application.email)))
    if certificate.revocation_until is not None:
        rows.append(Fact(_("期限"), moment(certificate.revocation_until)))
    return rows
