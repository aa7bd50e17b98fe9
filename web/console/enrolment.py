"""One enrolment at the console: everything a reviewer compares, and what an operator can do with it."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request, Response
from starlette import status

from domain.problem import Problem
from domain.stage import ReviewDecision, Verdict
from records import audit, cases, certificates, enrolments
from records.enrolments import Enrolment, Standing, address_digest
from records.operators import Operator, Role
from web.console import case
from web.console.access import HOME, NotAllowed, SignedIn, note
from web.console.page import show
from web.forms import posted, sentences
from web.house import house_of
from web.i18n import _, language_of
from web.pages import Action, message, see_other
from web.revocation_words import is_valid, reason_text
from web.safety import concerns
from web.telling import message_id, now, tell
from workflows.messages import DecideReview, GiveUp, Message, ResendLink, Resume, Withdraw

router = APIRouter(prefix=f"{HOME}/enrolments/{{reference}}")

REASON_MAXIMUM = 1000
# What only an administrator does: it ends an enrolment, or goes on with one that was parked for a reason.
_ADMINISTRATORS = frozenset({"withdraw", "resume", "give_up"})


@router.get("")
async def look(request: Request, operator: SignedIn, reference: str) -> Response:
    """The enrolment's page. That somebody looked is written down. 404 for other tenants' cases."""
    enrolment = await _enrolment(request, operator, reference)
    await note(request, operator.actor, "looked_at", enrolment.reference, enrolment.tenant)
    return await _page(request, operator, enrolment)


@router.post("/review")
async def review(request: Request, operator: SignedIn, reference: str) -> Response:
    """Decide on an application. 403 for who takes part in it; without a needed reason the page again."""
    enrolment = await _enrolment(request, operator, reference)
    raw = await posted(request)
    if case.takes_part(operator, enrolment):
        return _own_case(request, enrolment)
    decision = raw.get("decision", "")
    if decision not in set(ReviewDecision):
        raise HTTPException(400)
    reason = raw.get("review_reason", "").strip()
    problems = _reason_problems(ReviewDecision(decision), reason)
    if problems:
        return await _page(request, operator, enrolment, reason=reason, problems=problems)
    decided = DecideReview(
        message_id=message_id(raw),
        received_at=now(),
        decision=ReviewDecision(decision),
        reason=reason or None,
        decided_by=operator.actor,
    )
    following = case.following(await _queue(request, operator), enrolment)
    return await _tell(
        request,
        enrolment,
        decided,
        did=decision,
        since=case.mark(enrolment),
        next=following.reference if following else "",
    )


@router.post("/act")
async def act(request: Request, operator: SignedIn, reference: str) -> Response:
    """Mail a link again, withdraw, resume or give up a parked run; all but the first for administrators."""
    enrolment = await _enrolment(request, operator, reference)
    raw = await posted(request)
    wish = raw.get("act", "")
    if wish in _ADMINISTRATORS and operator.role is not Role.ADMINISTRATOR:
        raise NotAllowed
    stamp = {"message_id": message_id(raw), "received_at": now()}
    messages: dict[str, Message] = {
        "resend_link": ResendLink.model_validate(stamp),
        "withdraw": Withdraw.model_validate(stamp | {"by": "operator", "cause": "cancelled"}),
        "resume": Resume.model_validate(stamp | {"decided_by": operator.actor}),
        "give_up": GiveUp.model_validate(stamp | {"decided_by": operator.actor}),
    }
    if wish not in messages:
        raise HTTPException(400)
    await note(request, operator.actor, f"asked_to_{wish}", enrolment.reference, enrolment.tenant)
    return await _tell(request, enrolment, messages[wish])


def _own_case(request: Request, enrolment: Enrolment) -> Response:
    return message(
        request,
        _("この申請は審査できません"),
        [_("あなた自身が関わる申請のため、ほかの担当者が審査します。")],
        status_code=status.HTTP_403_FORBIDDEN,
        kind="wrong",
        actions=[Action(_("申請に戻る"), f"{HOME}/enrolments/{enrolment.reference}")],
    )


async def _enrolment(request: Request, operator: Operator, reference: str) -> Enrolment:
    house = house_of(request)
    async with house.database.begin() as session:
        enrolment = await enrolments.find(session, house.vault, reference)
    if enrolment is None or not operator.sees(enrolment.tenant):
        raise HTTPException(404)
    concerns(enrolment.reference)
    return enrolment


async def _queue(request: Request, operator: Operator) -> list[Standing]:
    """What this operator can review, the oldest first."""
    house = house_of(request)
    own = address_digest(house.settings.digest_key, operator.email)
    async with house.database.begin() as session:
        return await cases.in_review(session, operator.tenant, besides=own)


async def _tell(request: Request, enrolment: Enrolment, wish: Message, **told: str) -> Response:
    """Hand it in, and come back to the page with what became of it, and what the page needs to be told."""
    answer = await tell(request, enrolment.reference, wish)
    if isinstance(answer, Response):
        return answer
    said = Verdict.TOO_LATE if answer.closed else answer.verdict or "received"
    query = urlencode({"said": said} | {name: text for name, text in told.items() if text})
    url = f"{HOME}/enrolments/{enrolment.reference}?{query}"
    return see_other(url)


async def _page(
    request: Request,
    operator: Operator,
    enrolment: Enrolment,
    *,
    reason: str = "",
    problems: Mapping[str, Problem] | None = None,
) -> Response:
    house = house_of(request)
    async with house.database.begin() as session:
        entries = list(await audit.entries_of(session, enrolment.reference))
        certificate = await certificates.of_enrolment(session, enrolment.reference)
    waiting, told = await _queue(request, operator), request.query_params
    details = enrolment.details
    application = details.application if details else None
    said = told["said"] if told.get("said") in {*Verdict, "received"} else ""
    return show(
        request,
        operator,
        "enrolment.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status.HTTP_200_OK,
        enrolment=enrolment,
        application=application,
        details=details,
        comparisons=case.comparisons(details, application) if details and application else [],
        subject=case.subject_facts(application) if application else [],
        person=case.person_facts(enrolment, details) if details else [],
        approval=case.approval_facts(entries) if application else [],
        events=case.events(entries),
        certificate=certificate,
        certificate_counts=certificate is not None and is_valid(certificate),
        reason_text=reason_text,
        # A decision is taken before it is on record: the page that comes first does not ask for it again.
        decided=bool(said) and told.get("since") == case.mark(enrolment),
        takes_part=case.takes_part(operator, enrolment),
        is_administrator=operator.role is Role.ADMINISTRATOR,
        waiting=len(waiting),
        place=case.place_in(waiting, enrolment),
        next=case.following(waiting, enrolment, told.get("next", "")),
        said=said,
        did=told.get("did", ""),
        form_id=uuid4().hex,
        reason=reason,
        problems=sentences(problems or {}, language_of(request)),
        other_language_url=f"{HOME}/enrolments/{enrolment.reference}",
    )


def _reason_problems(decision: ReviewDecision, reason: str) -> dict[str, Problem]:
    if decision is not ReviewDecision.APPROVE and not reason:
        return {"review_reason": Problem("required")}
    if len(reason) > REASON_MAXIMUM:
        return {"review_reason": Problem("too_long", {"max": REASON_MAXIMUM})}
    return {}
