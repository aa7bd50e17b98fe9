"""New links on request: always and only to the registered address, and not too often."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal, cast
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette import status
from starlette.background import BackgroundTask

from domain.email import parse_email
from domain.form import FormCheck
from domain.problem import FieldErrors, Problem
from domain.stage import Verdict
from domain.tenant import Tenant
from domain.ticket import parse_ticket_number
from engine.unavailable import EngineUnavailable
from records import enrolments
from records.enrolments import Enrolment
from records.limits import NEW_LINKS, Limit, new_links_of
from telemetry.logs import logger
from web import dead_links, rates
from web.forms import posted, sentences
from web.house import house_of
from web.i18n import _, language_of
from web.links import land_on_status
from web.pages import Action, TenantOfPath, message, render, see_other
from web.safety import network_of
from web.session import applicant_session, home_of
from web.telling import TooOften, away, count, is_away, message_id, now, tell
from web.visits import enrolment_at, in_other_language
from workflows.messages import LinkPurpose, ResendLink

router = APIRouter(prefix="/{tenant}")
log = logger("jcan.web")

_ASKED_PER_NETWORK = Limit("status-link-network", 60, timedelta(hours=1))
_PURPOSES = frozenset({"application", "approval", "status"})


@router.get("/status")
async def ask(request: Request, tenant: TenantOfPath) -> Response:
    """状況確認: the landing page of a mailed link, or else the form that has one mailed."""
    if "onetimetoken" in request.query_params:
        return await land_on_status(request, tenant)
    return _form(request, tenant, {}, {}, uuid4().hex)


@router.post("/status/link")
async def mail_status_links(request: Request, tenant: TenantOfPath) -> Response:
    """Have status links mailed for an address; the answer is the same whether there is anything to mail."""
    raw = await posted(request)
    press = message_id(raw)
    try:
        email, ticket = _check(raw)
    except FieldErrors as errors:
        return _form(request, tenant, raw, errors.problems, press)
    if await is_away(request):
        return away(request)
    uses = [(limit, f"{tenant.name}:{email.lower()}") for limit in NEW_LINKS]
    try:
        await count(request, press, [*uses, (_ASKED_PER_NETWORK, network_of(request))])
    except TooOften as refused:
        page = _form(request, tenant, raw, {}, press, rates.too_often(refused.wait))
        return rates.retry_after(page, refused.wait)
    response = see_other(f"/{tenant.name}/status/sent")
    # Behind the answer, so that not even its time tells whether there was anything to mail.
    response.background = BackgroundTask(_mail_all, request, tenant, email, ticket, press)
    return response


@router.get("/status/sent")
async def status_links_sent(request: Request, tenant: TenantOfPath) -> Response:
    """The same answer for everybody."""
    return message(
        request,
        _("受け付けました"),
        [
            _("入力されたメールアドレスで手続き中の申請がある場合は、状況確認のURLをお送りします。"),
            _(
                "10分たっても届かないときは、迷惑メールに入っていないか、メールアドレスに誤りがないかをご確認ください。"
            ),
        ],
        kind="right",
        actions=[Action(_("トップページへ"), f"/{tenant.name}/", plain=True)],
    )


@router.post("/enrolments/{reference}/link")
async def mail_link(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """Have a new link mailed for one enrolment; whoever asks, it goes to the address on record."""
    raw = await posted(request)
    enrolment = await enrolment_at(request, tenant, reference)
    if enrolment is None:
        return dead_links.unknown(request, tenant)
    if enrolment.stage.ended:
        return dead_links.over(request, enrolment)
    purpose = _purpose(raw)
    press = message_id(raw)
    try:
        whose: Literal["principal", "applicant"] = "principal" if purpose == "approval" else "applicant"
        await count(request, press, new_links_of(reference, whose))
    except TooOften as refused:
        return dead_links.too_often(request, tenant, refused.wait)
    wish = ResendLink(message_id=press, received_at=now(), purpose=purpose)
    answer = await tell(request, reference, wish)
    if isinstance(answer, Response):
        return answer
    if answer.closed or answer.verdict in {Verdict.TOO_LATE, Verdict.CONTRARY, Verdict.NOT_NOW}:
        return dead_links.late(request, await _read_again(request, tenant, enrolment))
    return see_other(_sent_url(request, tenant, reference, purpose, received=answer.verdict is None))


@router.get("/enrolments/{reference}/link")
async def link_sent(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """What to look for after a new link was asked for."""
    enrolment = await enrolment_at(request, tenant, reference)
    if enrolment is None:
        return dead_links.unknown(request, tenant)
    if "received" in request.query_params:
        first = _(
            "新しいURLのお送りを受け付けました。ただいま処理に時間がかかっていますが、処理はこのまま続きます。"
        )
    else:
        first = _("登録済みのメールアドレスに、新しいURLをお送りします。")
    return message(
        request,
        _("新しいURLをお送りします"),
        [
            first,
            _(
                "新しいURLが届くと、これまでのURLはお使いいただけません。いちばん新しいメールのURLを開いてください。"
            ),
            _("10分たっても届かないときは、迷惑メールに入っていないかをご確認ください。"),
            _("受付番号：%(reference)s", reference=dead_links.grouped(reference)),
        ],
        kind="right",
    )


async def _mail_all(request: Request, tenant: Tenant, email: str, ticket: str | None, press: str) -> None:
    house = house_of(request)
    async with house.database.begin() as session:
        found = await enrolments.open_by_address(
            session, house.vault, house.settings.digest_key, tenant.name, email
        )
    for enrolment in _wanted(found, ticket):
        try:
            uses = new_links_of(enrolment.reference, "applicant")
            await count(request, f"{press}:{enrolment.reference}", uses)
            wish = ResendLink(message_id=press, received_at=now(), purpose="status")
            await house.desk.tell(enrolment.reference, wish)
        except TooOften:
            log.info("a status link was asked for too often")
        except EngineUnavailable:
            log.warning("a status link could not be asked for: the engine does not answer")


def _wanted(found: Sequence[Enrolment], ticket: str | None) -> list[Enrolment]:
    if ticket is None:
        return list(found)
    return [one for one in found if one.details and one.details.ticket_number == ticket]


def _check(raw: Mapping[str, str]) -> tuple[str, str | None]:
    form = FormCheck(raw)
    email = form.value("email", parse_email)
    ticket = (
        form.value("ticket_number", parse_ticket_number) if raw.get("ticket_number", "").strip() else None
    )
    form.finish()
    return str(email), ticket


def _form(
    request: Request,
    tenant: Tenant,
    raw: Mapping[str, str],
    problems: Mapping[str, Problem],
    press: str,
    sorry: str = "",
) -> Response:
    """The form with what was typed; `sorry` is told on top, after too many requests."""
    status_code = status.HTTP_429_TOO_MANY_REQUESTS if sorry else status.HTTP_200_OK
    return render(
        request,
        "status_request.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status_code,
        fields={name: raw.get(name, "") for name in ("email", "ticket_number")},
        problems=sentences(problems, language_of(request)),
        sorry=sorry,
        form_id=press,
        other_language_url=in_other_language(request, f"/{tenant.name}/status"),
    )


def _purpose(raw: Mapping[str, str]) -> LinkPurpose:
    wish = raw.get("purpose", "")
    return cast(LinkPurpose, wish) if wish in _PURPOSES else "status"


def _sent_url(
    request: Request, tenant: Tenant, reference: str, purpose: LinkPurpose, *, received: bool
) -> str:
    home = home_of(tenant.name, reference)
    at_home = purpose == "approval" and applicant_session(request, reference) is not None
    if not at_home:
        return f"{home}/link{'?received' if received else ''}"
    return (
        f"{home}/status?received={int(now().timestamp())}" if received else f"{home}/status?resent=approval"
    )


async def _read_again(request: Request, tenant: Tenant, enrolment: Enrolment) -> Enrolment:
    return await enrolment_at(request, tenant, enrolment.reference) or enrolment
