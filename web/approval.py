"""申請情報承認: the principal approves what an agent applied for, sends it back, or refuses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.application import Application
from domain.stage import ApprovalDecision, Stage, Verdict
from engine.enrolments import Answer
from engine.unavailable import EngineUnavailable
from records.enrolments import Enrolment
from web import dead_links
from web.application_form import groups_of
from web.forms import posted
from web.house import house_of
from web.i18n import _, language_of
from web.pages import TenantOfPath, render, see_other
from web.session import approval_of
from web.telling import message_id, now
from web.visits import Visit, in_other_language, principal_visit
from web.way import StepName, way_for
from workflows.messages import DecideApproval

router = APIRouter(prefix="/{tenant}/enrolments/{reference}/approval")

REASON_MAXIMUM = 1000
"""Characters of a reason; it is mailed to the agent."""

_DONE = {
    ApprovalDecision.APPROVE: "approved",
    ApprovalDecision.RETURN: "returned",
    ApprovalDecision.REFUSE: "refused",
}


@dataclass(frozen=True)
class Note:
    """Something to say above the page: nothing was decided yet, and why."""

    title: str
    text: str


@router.get("")
async def show(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """Everything that will be in the certificate, who the agent is, and the three decisions."""
    desk = await _at_the_decision(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    visit, application = desk
    return _page(request, visit, application, {}, {}, uuid4().hex)


@router.post("")
async def decide(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """承認する, 差し戻す or 拒否する."""
    raw = await posted(request)
    desk = await _at_the_decision(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    visit, application = desk
    decision = _decision(raw)
    press = message_id(raw)
    problems = _problems(decision, raw)
    if decision is None or problems:
        return _page(request, visit, application, raw, problems, press)
    try:
        answer = await house_of(request).desk.tell(reference, _message(visit, decision, raw, press))
    except EngineUnavailable:
        note = Note(
            _("まだ受け付けられていません"),
            _(
                "ただいまシステムにつながりません。何も決まっていません。"
                "しばらくしてから、もう一度ボタンを押してください。"
            ),
        )
        return _page(request, visit, application, raw, {}, press, note)
    return await _answered(request, visit, decision, answer)


async def _answered(request: Request, visit: Visit, decision: ApprovalDecision, answer: Answer) -> Response:
    done = f"{approval_of(visit.tenant.name, visit.enrolment.reference)}/done"
    match answer.verdict:
        case Verdict.ACCEPTED:
            return see_other(f"{done}?decision={_DONE[decision]}")
        case Verdict.REPEATED:
            return see_other(f"{done}?decision={_DONE[decision]}&again")
        case Verdict.CONTRARY:
            return see_other(f"{done}?contrary")
        case None if not answer.closed:
            return see_other(f"{done}?decision={_DONE[decision]}&received")
        case _:
            return await _too_late(request, visit)


@router.get("/done")
async def done(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """完了: what was decided, and what happens next."""
    visit = await principal_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    if visit.enrolment.stage.ended and visit.enrolment.stage is not Stage.REFUSED:
        return dead_links.over(request, visit.enrolment)
    given = _given(visit.enrolment)
    return render(
        request,
        "approval_done.html",
        enrolment=visit.enrolment,
        decision=given or _claimed(request),
        waiting=given is None,
        received="received" in request.query_params and given is None,
        again="again" in request.query_params,
        contrary="contrary" in request.query_params,
        application=visit.enrolment.details and visit.enrolment.details.application,
        way=None if given == "refused" else way_for(visit.enrolment.applicant, StepName.APPROVE_DONE),
    )


async def _at_the_decision(
    request: Request, tenant: TenantOfPath, reference: str
) -> tuple[Visit, Application] | Response:
    """The principal with something to decide, or the page to be at instead."""
    visit = await principal_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    application = visit.enrolment.details and visit.enrolment.details.application
    if visit.enrolment.stage is not Stage.AWAITING_APPROVAL:
        if request.method == "POST" or not visit.enrolment.stage.ended:
            return see_other(f"{approval_of(tenant.name, reference)}/done")
        return dead_links.over(request, visit.enrolment)
    if not application:
        return dead_links.unknown(request, tenant)
    return visit, application


def _page(
    request: Request,
    visit: Visit,
    application: Application,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    press: str,
    note: Note | None = None,
) -> Response:
    home = approval_of(visit.tenant.name, visit.enrolment.reference)
    code = status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status.HTTP_200_OK
    return render(
        request,
        "approval.html",
        status.HTTP_503_SERVICE_UNAVAILABLE if note else code,
        enrolment=visit.enrolment,
        application=application,
        groups=groups_of(application),
        action=home,
        obligations=visit.tenant.obligations.of(language_of(request)),
        accepted=raw.get("obligations") == "yes",
        reason=raw.get("reason", ""),
        problems=problems,
        note=note,
        form_id=press,
        way=way_for(visit.enrolment.applicant, StepName.APPROVE),
        other_language_url=in_other_language(request, home),
    )


def _decision(raw: Mapping[str, str]) -> ApprovalDecision | None:
    wish = raw.get("decision", "")
    return ApprovalDecision(wish) if wish in set(ApprovalDecision) else None


def _problems(decision: ApprovalDecision | None, raw: Mapping[str, str]) -> dict[str, str]:
    if decision is ApprovalDecision.APPROVE:
        accepted = raw.get("obligations") == "yes"
        return {} if accepted else {"obligations": _("承認するには、「利用者の義務」への同意が必要です")}
    reason = raw.get("reason", "").strip()
    if not reason:
        return {"reason": _("理由を入力してください")}
    if len(reason) > REASON_MAXIMUM:
        return {"reason": _("理由は%(max)s文字以内で入力してください", max=REASON_MAXIMUM)}
    return {}


def _message(visit: Visit, decision: ApprovalDecision, raw: Mapping[str, str], press: str) -> DecideApproval:
    at: datetime = now()
    approving = decision is ApprovalDecision.APPROVE
    return DecideApproval(
        # The other button on the same page is another message.
        message_id=f"{press}-{decision}",
        received_at=at,
        decision=decision,
        reason=None if approving else raw.get("reason", "").strip().replace("\r\n", "\n"),
        round=visit.session.generation,
        obligations_accepted_at=at if approving else None,
    )


async def _too_late(request: Request, visit: Visit) -> Response:
    again = await principal_visit(request, visit.tenant, visit.enrolment.reference)
    if isinstance(again, Response):
        return again
    return dead_links.approval_late(request, again.enrolment)


def _given(enrolment: Enrolment) -> str | None:
    """What was decided, as far as it is written down."""
    match enrolment.stage:
        case Stage.AWAITING_APPROVAL:
            return None
        case Stage.REGISTERED | Stage.APPLYING:
            return "returned"
        case Stage.REFUSED:
            return "refused"
        case _:
            return "approved"


def _claimed(request: Request) -> str:
    claim = request.query_params.get("decision", "")
    return claim if claim in _DONE.values() else ""
