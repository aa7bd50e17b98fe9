"""申請の状況: where an enrolment stands, who acts next and by when, and what its applicant can do about it.

Everything shown comes from the read model; what is decided goes to the enrolment as a message.
"""

import re
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.email import parse_email
from domain.problem import Problem, RuleBroken
from domain.registration import parse_confirmation
from domain.stage import Stage, Verdict
from engine.enrolments import Answer
from records import certificates
from records.enrolments import Enrolment
from web.application import may_apply
from web.forms import posted, sentences
from web.house import house_of
from web.i18n import _, language_of
from web.pages import Action, TenantOfPath, message, render, see_other
from web.progress import is_agents, principal_name, situation_of, way_of
from web.session import home_of
from web.status_facts import facts_of
from web.telling import message_id, now, tell
from web.visits import Visit, applicant_visit, in_other_language
from workflows.messages import CorrectPrincipal, Withdraw

router = APIRouter(prefix="/{tenant}/enrolments/{reference}")

_SECONDS = re.compile(r"[0-9]{1,11}")
_APPLYING = frozenset({Stage.REGISTERED, Stage.APPLYING})


@router.get("")
async def enter(tenant: TenantOfPath, reference: str) -> Response:
    """The enrolment's own address leads to where it stands."""
    return see_other(f"{home_of(tenant.name, reference)}/status")


@router.get("/status")
async def show(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """Where the enrolment stands."""
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    enrolment = visit.enrolment
    home = home_of(tenant.name, reference)
    async with house_of(request).database.view() as session:
        certificate = await certificates.of_enrolment(session, reference)
    revoked = certificate is not None and certificate.revoked_at is not None
    return render(
        request,
        "status.html",
        enrolment=enrolment,
        home=home,
        situation=situation_of(enrolment, revoked=revoked),
        revoked=revoked,
        facts=facts_of(request, tenant, enrolment, home),
        agent=is_agents(enrolment),
        name=principal_name(enrolment),
        erased=enrolment.details is None,
        received=_still_unanswered(request, enrolment),
        resent=request.query_params.get("resent"),
        can_apply=may_apply(visit),
        can_resend=_resend(enrolment),
        can_withdraw=not enrolment.stage.ended and not enrolment.ordered,
        can_revoke=enrolment.ordered and enrolment.stage is not Stage.ISSUED and not revoked,
        form_id=uuid4().hex,
        checked_at=now(),
        way=way_of(enrolment),
    )


@router.get("/status/withdraw")
async def ask_withdraw(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """取り下げ, asked once more before it is done."""
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    home = home_of(tenant.name, reference)
    if visit.enrolment.stage.ended:
        return see_other(f"{home}/status")
    return render(
        request,
        "withdraw.html",
        enrolment=visit.enrolment,
        home=home,
        agent=is_agents(visit.enrolment),
        name=principal_name(visit.enrolment),
        form_id=uuid4().hex,
    )


@router.post("/status/withdraw")
async def withdraw(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """取り下げ: the applicant takes the application back."""
    raw = await posted(request)
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    wish = Withdraw(message_id=message_id(raw), received_at=now(), by="applicant", cause="request")
    answer = await tell(request, reference, wish)
    if isinstance(answer, Response):
        return answer
    if answer.verdict is Verdict.TOO_LATE and not visit.enrolment.stage.ended:
        return _too_late_to_withdraw(request, visit)
    return see_other(_back(visit, answer, "withdrawn"))


@router.get("/status/principal")
async def ask_principal(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """訂正: the form for the principal's right address."""
    visit = await _before_the_decision(request, tenant, reference)
    return visit if isinstance(visit, Response) else _address_form(request, visit, {}, {}, uuid4().hex)


@router.post("/status/principal")
async def correct_principal(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """訂正: the request for approval goes to another address, and the earlier link dies."""
    raw = await posted(request)
    visit = await _before_the_decision(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    problems = _address_problems(visit.enrolment, raw)
    press = message_id(raw)
    if problems:
        return _address_form(request, visit, raw, problems, press)
    right = CorrectPrincipal(message_id=press, received_at=now(), email=parse_email(raw["email"]))
    answer = await tell(request, reference, right)
    if isinstance(answer, Response):
        return answer
    if answer.verdict in {Verdict.TOO_LATE, Verdict.NOT_NOW, Verdict.CONTRARY}:
        return message(
            request,
            _("いまは訂正できません"),
            [_("利用者本人の承認の手続きが進んだため、送信先は訂正できなくなりました。")],
            status_code=status.HTTP_409_CONFLICT,
            actions=[Action(_("申請の状況に戻る"), f"{home_of(tenant.name, reference)}/status")],
        )
    return see_other(_back(visit, answer, "corrected"))


async def _before_the_decision(request: Request, tenant: TenantOfPath, reference: str) -> Visit | Response:
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    if visit.enrolment.stage is not Stage.AWAITING_APPROVAL or visit.enrolment.details is None:
        return see_other(f"{home_of(tenant.name, reference)}/status")
    return visit


def _address_problems(enrolment: Enrolment, raw: dict[str, str]) -> dict[str, Problem]:
    problems: dict[str, Problem] = {}
    email = None
    try:
        email = parse_email(raw.get("email", ""))
    except RuleBroken as broken:
        problems["email"] = broken.problem
    if email and enrolment.details and email.lower() == enrolment.details.email.lower():
        problems["email"] = Problem("email_is_agents")
    try:
        parse_confirmation(email, raw.get("email_confirmation", ""))
    except RuleBroken as broken:
        problems["email_confirmation"] = broken.problem
    return problems


def _address_form(
    request: Request, visit: Visit, raw: dict[str, str], problems: dict[str, Problem], press: str
) -> Response:
    home = home_of(visit.tenant.name, visit.enrolment.reference)
    application = visit.enrolment.details and visit.enrolment.details.application
    return render(
        request,
        "correct_principal.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status.HTTP_200_OK,
        home=home,
        agent=True,
        name=principal_name(visit.enrolment),
        present=application.email if application else "",
        fields={name: raw.get(name, "") for name in ("email", "email_confirmation")},
        problems=sentences(problems, language_of(request)),
        form_id=press,
        other_language_url=in_other_language(request, f"{home}/status/principal"),
    )


def _too_late_to_withdraw(request: Request, visit: Visit) -> Response:
    return message(
        request,
        _("取り下げできない段階まで進んでいます"),
        [
            _("認証局が発行の依頼を受け付けたため、申請を取り下げることはできません。"),
            _("証明書が不要な場合は、失効申請を行ってください。"),
        ],
        status_code=status.HTTP_409_CONFLICT,
        kind="wait",
        actions=[
            Action(_("失効申請"), f"/{visit.tenant.name}/revocation"),
            Action(
                _("申請の状況に戻る"),
                f"{home_of(visit.tenant.name, visit.enrolment.reference)}/status",
                plain=True,
            ),
        ],
    )


def _resend(enrolment: Enrolment) -> str | None:
    """What can be mailed anew from here: the applicant's link, or the principal's."""
    if enrolment.stage in _APPLYING:
        return "application"
    return "approval" if enrolment.stage is Stage.AWAITING_APPROVAL else None


def _still_unanswered(request: Request, enrolment: Enrolment) -> bool:
    """Whether a message was received after which the stage has not changed yet."""
    stamp = request.query_params.get("received", "")
    if not _SECONDS.fullmatch(stamp) or enrolment.stage.ended:
        return False
    return enrolment.since < datetime.fromtimestamp(int(stamp), UTC)


def _back(visit: Visit, answer: Answer, done: str = "") -> str:
    url = f"{home_of(visit.tenant.name, visit.enrolment.reference)}/status"
    if answer.verdict is None and not answer.closed:
        return f"{url}?received={int(now().timestamp())}"
    return f"{url}?resent={done}" if done else url
