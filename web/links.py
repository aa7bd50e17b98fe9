"""Landing pages of mailed links.

`GET` changes nothing, whoever fetches it: it says whose application this is and offers a button. The press
redeems, and leads to a clean address with one cookie for this enrolment. Junk dies before anything is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto, unique
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.link_token import BadToken, LinkToken, Purpose, verify
from domain.stage import Applicant, Stage, Verdict
from domain.tenant import Tenant
from records import enrolments, presses
from records.enrolments import Enrolment
from web import dead_links
from web.forms import posted
from web.house import house_of
from web.i18n import N_, _, language_of, moment
from web.pages import Fact, TenantOfPath, render, see_other
from web.progress import step_of
from web.safety import concerns
from web.session import Session, approval_of, begin, deadline_of, home_of
from web.telling import message_id, now, tell
from web.visits import in_other_language
from web.way import StepName, way_for
from workflows.messages import LinkPurpose, RedeemLink

router = APIRouter()


@dataclass(frozen=True)
class Landing:
    """What a landing page says for links of one purpose."""

    title: str
    lead: str
    button: str


LANDINGS: Mapping[Purpose, Landing] = {
    Purpose.APPLICATION: Landing(
        N_("発行申請の手続き"),
        N_(
            "JCAN証明書の発行申請を始めます。次の申請の申請者ご本人であることをご確認のうえ、ボタンを押してください。"
        ),
        N_("発行申請に進む"),
    ),
    Purpose.APPROVAL: Landing(
        N_("申請情報承認の手続き"),
        N_(
            "代理人の方が、あなたのJCAN証明書の発行を申請しました。ボタンを押して、申請の内容をご確認ください。"
        ),
        N_("申請の内容を確認する"),
    ),
    Purpose.STATUS: Landing(
        N_("申請の状況確認"),
        N_("申請がいまどこまで進んでいるかをご覧いただけます。ボタンを押してください。"),
        N_("申請の状況を見る"),
    ),
}


_NAMES: Mapping[Purpose, LinkPurpose] = {
    Purpose.APPLICATION: "application",
    Purpose.APPROVAL: "approval",
    Purpose.STATUS: "status",
}


@unique
class Life(Enum):
    """What a good link is worth now, as far as the read model knows."""

    LIVE = auto()
    USED = auto()
    SUPERSEDED = auto()
    ENDED = auto()
    SENT_BACK = auto()
    DECIDED = auto()


def life_of(token: LinkToken, enrolment: Enrolment, *, pressed: bool) -> Life:
    """Tell what a link of an enrolment is worth; `pressed`: a status or approval link was pressed before."""
    if token.purpose is Purpose.APPROVAL:
        return _life_of_approval_link(token, enrolment, pressed=pressed)
    if not enrolment.stage.ended:
        return _life_of_applicants_link(token, enrolment)
    if token.purpose is Purpose.APPLICATION:
        return Life.ENDED
    return Life.USED if pressed else Life.LIVE


def _life_of_applicants_link(token: LinkToken, enrolment: Enrolment) -> Life:
    if token.generation < enrolment.generation:
        return Life.SUPERSEDED
    return Life.USED if token.generation <= (enrolment.redeemed_generation or 0) else Life.LIVE


def _life_of_approval_link(token: LinkToken, enrolment: Enrolment, *, pressed: bool) -> Life:
    if token.generation < enrolment.approval_round:
        return Life.SUPERSEDED
    if enrolment.stage.ended:
        return Life.ENDED
    if enrolment.stage is Stage.AWAITING_APPROVAL:
        return Life.USED if pressed else Life.LIVE
    return Life.SENT_BACK if enrolment.stage in {Stage.REGISTERED, Stage.APPLYING} else Life.DECIDED


@router.get("/{tenant}/realregist/step1")
async def land_on_application(request: Request, tenant: TenantOfPath) -> Response:
    """The landing page of the link to the application."""
    return await _land(request, tenant, Purpose.APPLICATION)


@router.post("/{tenant}/realregist/step1")
async def press_application(request: Request, tenant: TenantOfPath) -> Response:
    """The press that redeems the link to the application."""
    return await _press(request, tenant, Purpose.APPLICATION)


@router.get("/{tenant}/approval")
async def land_on_approval(request: Request, tenant: TenantOfPath) -> Response:
    """The landing page of the principal's link."""
    return await _land(request, tenant, Purpose.APPROVAL)


@router.post("/{tenant}/approval")
async def press_approval(request: Request, tenant: TenantOfPath) -> Response:
    """The press on the principal's link."""
    return await _press(request, tenant, Purpose.APPROVAL)


async def land_on_status(request: Request, tenant: Tenant) -> Response:
    """The landing page of a link to the status page."""
    return await _land(request, tenant, Purpose.STATUS)


@router.post("/{tenant}/status")
async def press_status(request: Request, tenant: TenantOfPath) -> Response:
    """The press on a link to the status page."""
    return await _press(request, tenant, Purpose.STATUS)


async def _land(request: Request, tenant: Tenant, purpose: Purpose) -> Response:
    text = request.query_params.get("onetimetoken", "")
    found = await _enrolment_behind(request, tenant, purpose, text)
    if isinstance(found, Response):
        return found
    token, enrolment = found
    pressed = purpose is not Purpose.APPLICATION and await _was_pressed(request, token)
    gone = _dead_end(request, tenant, token, enrolment, life_of(token, enrolment, pressed=pressed))
    if gone is not None:
        return gone
    return render(
        request,
        "landing.html",
        landing=LANDINGS[purpose],
        enrolment=enrolment,
        action=request.url.path,
        token=text,
        form_id=uuid4().hex,
        facts=_facts(request, purpose, enrolment, tenant),
        way=way_for(enrolment.applicant, _step(purpose, enrolment)),
    )


async def _press(request: Request, tenant: Tenant, purpose: Purpose) -> Response:
    form = await posted(request)
    text = form.get("onetimetoken", "")
    found = await _enrolment_behind(request, tenant, purpose, text)
    if isinstance(found, Response):
        return found
    token, enrolment = found
    if enrolment.stage.ended and purpose is Purpose.STATUS:
        return await _open(request, tenant, token, enrolment, form)
    if purpose is Purpose.APPROVAL:
        # With nothing to decide there is nothing to open.
        gone = _dead_end(request, tenant, token, enrolment, life_of(token, enrolment, pressed=False))
        if gone is not None:
            return gone
    return await _redeem(request, tenant, token, enrolment, form)


async def _redeem(
    request: Request, tenant: Tenant, token: LinkToken, enrolment: Enrolment, form: Mapping[str, str]
) -> Response:
    press = message_id(form)
    message = RedeemLink(
        message_id=press, received_at=now(), generation=token.generation, purpose=_NAMES[token.purpose]
    )
    answer = await tell(request, enrolment.reference, message)
    if isinstance(answer, Response):
        return answer
    if answer.verdict is Verdict.ACCEPTED:
        await _note_press(request, tenant, token, press)
        return _into(request, tenant, token, enrolment, answer.stage or enrolment.stage)
    if answer.closed or answer.verdict not in {None, Verdict.REPEATED}:
        return await _refused(request, tenant, token)
    if answer.verdict is Verdict.REPEATED:
        # Pressed before with another form: only the browser that has the cookie goes on.
        return see_other(_clean_url(tenant, token, answer.stage or enrolment.stage))
    return render(
        request,
        "received.html",
        status.HTTP_202_ACCEPTED,
        action=request.url.path,
        hidden={"onetimetoken": form.get("onetimetoken", ""), "form_id": press},
        reference=enrolment.reference,
        other_language_url=in_other_language(
            request, dead_links.link_url(tenant.name, token.purpose, form.get("onetimetoken", ""))
        ),
    )


async def _open(
    request: Request, tenant: Tenant, token: LinkToken, enrolment: Enrolment, form: Mapping[str, str]
) -> Response:
    """A status link of an enrolment that has ended: there is no run any more that could redeem it."""
    if await _note_press(request, tenant, token, message_id(form)):
        return _into(request, tenant, token, enrolment, enrolment.stage)
    return see_other(_clean_url(tenant, token, enrolment.stage))


async def _note_press(request: Request, tenant: Tenant, token: LinkToken, press: str) -> bool:
    """Put a press on record; whether it is the link's first one, or that one sent once more."""
    async with house_of(request).database.begin() as session:
        return await presses.press(session, token, tenant.name, press)


def _into(request: Request, tenant: Tenant, token: LinkToken, enrolment: Enrolment, stage: Stage) -> Response:
    response = see_other(_clean_url(tenant, token, stage))
    session = Session(enrolment.reference, token.purpose, token.generation)
    until = deadline_of(enrolment, house_of(request).settings.application_ttl)
    begin(request, response, tenant.name, session, until)
    return response


async def _refused(request: Request, tenant: Tenant, token: LinkToken) -> Response:
    """Why a press came to nothing, by what the read model says after it."""
    house = house_of(request)
    async with house.database.view() as session:
        enrolment = await enrolments.find(session, house.vault, token.reference.text)
    if enrolment is None:
        return dead_links.unknown(request, tenant)
    life = life_of(token, enrolment, pressed=False)
    if life in {Life.ENDED, Life.SUPERSEDED}:
        return _dead_end(request, tenant, token, enrolment, life) or dead_links.unknown(request, tenant)
    return dead_links.late(request, enrolment)


async def _enrolment_behind(
    request: Request, tenant: Tenant, purpose: Purpose, text: str
) -> tuple[LinkToken, Enrolment] | Response:
    house = house_of(request)
    try:
        token = verify(text, house.settings.link_keyring, None)
    except BadToken as error:
        return dead_links.junk(request, tenant, error)
    async with house.database.view() as session:
        enrolment = await enrolments.find(session, house.vault, token.reference.text)
    owner = house.tenants.get(enrolment.tenant) if enrolment else None
    if enrolment is None or owner is None:
        return dead_links.unknown(request, tenant)
    concerns(enrolment.reference)
    if owner.name != tenant.name or token.purpose is not purpose:
        return dead_links.misplaced(request, tenant, owner, token, text)
    return token, enrolment


def _dead_end(
    request: Request, tenant: Tenant, token: LinkToken, enrolment: Enrolment, life: Life
) -> Response | None:
    match life:
        case Life.LIVE:
            return None
        case Life.USED:
            return see_other(_clean_url(tenant, token, enrolment.stage))
        case Life.SUPERSEDED:
            return dead_links.superseded(request, enrolment, token.purpose)
        case Life.ENDED:
            return dead_links.over(request, enrolment)
        case Life.SENT_BACK:
            return dead_links.sent_back(request, enrolment)
        case Life.DECIDED:
            return dead_links.decided(request, enrolment)


async def _was_pressed(request: Request, token: LinkToken) -> bool:
    async with house_of(request).database.view() as session:
        return await presses.was_pressed(session, token)


def _facts(request: Request, purpose: Purpose, enrolment: Enrolment, tenant: Tenant) -> list[Fact]:
    """Whose application it is: enough to recognise it by, the address only in outline."""
    applicant = _("代理人") if enrolment.applicant is Applicant.AGENT else _("本人")
    rows = [
        Fact(_("受付番号"), dead_links.grouped(enrolment.reference), num=True),
        Fact(_("サービス"), tenant.service_name.of(language_of(request))),
        Fact(_("申請者"), applicant),
    ]
    rows += _address_facts(purpose, enrolment)
    if purpose is not Purpose.STATUS and enrolment.until:
        rows.append(Fact(_("期限"), moment(enrolment.until)))
    return rows


def _address_facts(purpose: Purpose, enrolment: Enrolment) -> list[Fact]:
    details = enrolment.details
    if details is None:
        return []
    if purpose is not Purpose.APPROVAL:
        return [Fact(_("登録されたメールアドレス"), masked(details.email))]
    if details.application is None:
        return []
    agent = [details.application.agent_company or "", details.application.agent_name or ""]
    return [
        Fact(_("申請した代理人"), agent),
        Fact(_("承認依頼の送信先"), masked(details.application.email)),
    ]


def masked(address: str) -> str:
    """An address in outline: recognised by its owner, of no use to anybody else."""
    local, _at, host = address.rpartition("@")
    return f"{local[:1]}•••@{host}"


def _step(purpose: Purpose, enrolment: Enrolment) -> StepName | None:
    if purpose is Purpose.APPROVAL:
        return StepName.APPROVAL_MAIL
    return StepName.MAIL if purpose is Purpose.APPLICATION else step_of(enrolment)


def _clean_url(tenant: Tenant, token: LinkToken, stage: Stage) -> str:
    reference = token.reference.text
    if token.purpose is Purpose.APPROVAL:
        return approval_of(tenant.name, reference)
    home = home_of(tenant.name, reference)
    applying = token.purpose is Purpose.APPLICATION and stage in {Stage.REGISTERED, Stage.APPLYING}
    return f"{home}/application" if applying else f"{home}/status"
