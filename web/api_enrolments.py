"""The API's calls about enrolments: the list, one of them, and the principal's approval.

An approval that comes this way reaches the enrolment as the same message as the principal's own press.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette import status

from domain.problem import RuleBroken
from domain.reference import Reference
from domain.stage import Stage, Verdict
from engine.enrolments import Answer
from engine.unavailable import EngineUnavailable
from records import audit, enrolments, tenant_enrolments
from records.tenant_enrolments import Place, TenantEnrolment
from web.api_access import Caller, CallerOfRequest
from web.api_problems import LATER, PLACE, ApiProblem, documented
from web.api_shapes import (
    Decision,
    DecisionTaken,
    EnrolmentPage,
    EnrolmentRead,
    EnrolmentShown,
    approval_decision,
)
from web.house import House, house_of
from web.safety import concerns
from web.telling import now
from workflows.messages import DecideApproval

router = APIRouter(prefix="/enrolments", tags=["enrolments"])

PAGE = 50
PAGE_MAXIMUM = 200
CURSOR_TTL = timedelta(days=1)
_CURSOR = "api-cursor"

_CONFLICTS = {Verdict.CONTRARY: "contrary", Verdict.TOO_LATE: "too-late", Verdict.NOT_NOW: "not-now"}

StageFilter = Annotated[
    list[Stage], Query(alias="stage", description="Only these stages; may be given several times.")
]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAXIMUM, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before; good for a day.", max_length=1000)
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="What repeats this key is the same decision; without a key, what repeats the body is.",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
    ),
]


@router.get("", responses=documented("unauthorized", "unknown-cursor", "invalid", "too-many-requests"))
async def list_enrolments(
    request: Request,
    caller: CallerOfRequest,
    stages: StageFilter = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = PAGE,
) -> EnrolmentPage:
    """The tenant's enrolments in the order of their registration, a page at a time."""
    house = house_of(request)
    after = _place(house, caller, cursor)
    async with house.database.begin() as session:
        found = await tenant_enrolments.page(session, caller.tenant.name, stages, after, limit + 1)
    shown = found[:limit]
    following = _cursor(house, caller, shown[-1]) if len(found) > limit else None
    return EnrolmentPage(enrolments=[_shown(each) for each in shown], next_cursor=following)


@router.get(
    "/{reference}", responses=documented("unauthorized", "unknown-reference", "invalid", "too-many-requests")
)
async def read_enrolment(request: Request, caller: CallerOfRequest, reference: str) -> EnrolmentRead:
    """Where one enrolment stands; the reference in any writing."""
    house = house_of(request)
    enrolment = await _enrolment(house, caller, reference)
    return EnrolmentRead(
        **_shown(enrolment).model_dump(), principal_email=await _principal_email(house, enrolment)
    )


@router.post(
    "/{reference}/approval",
    responses={
        202: {
            "description": "Kept, but not decided yet: look at `Location` later.",
            "model": DecisionTaken,
            "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
        },
        **documented("malformed", "unauthorized", "approval-by-api-not-allowed", "unknown-reference"),
        **documented("contrary", "too-late", "not-now", "too-large", "invalid", "too-many-requests"),
        **documented("engine-away"),
    },
)
async def decide_approval(
    request: Request,
    response: Response,
    caller: CallerOfRequest,
    reference: str,
    decision: Decision,
    idempotency_key: IdempotencyKey = None,
) -> DecisionTaken:
    """Hand in what the principal decided about an agent's application, as their own press on the page would.

    409 says why it does not count: `contrary` (something else was decided before), `too-late`, `not-now`.
    """
    if not caller.tenant.approval_by_api:
        raise ApiProblem("approval-by-api-not-allowed")
    house = house_of(request)
    enrolment = await _enrolment(house, caller, reference)
    message = _message(enrolment, decision, idempotency_key)
    try:
        answer = await house.desk.tell(enrolment.reference, message)
    except EngineUnavailable:
        raise ApiProblem("engine-away", headers=LATER) from None
    verdict = await _verdict(house, enrolment, message, answer)
    if verdict is None:
        response.status_code = status.HTTP_202_ACCEPTED
        place = f"{house.settings.web_origin}{PLACE}/enrolments/{enrolment.reference}"
        response.headers["Location"] = place
        return DecisionTaken(reference=enrolment.reference, verdict="received", stage=None)
    stage = answer.stage or enrolment.stage
    if verdict in _CONFLICTS:
        raise ApiProblem(_CONFLICTS[verdict], more={"stage": stage})
    taken = "accepted" if verdict is Verdict.ACCEPTED else "repeated"
    return DecisionTaken.model_validate({"reference": enrolment.reference, "verdict": taken, "stage": stage})


async def _verdict(
    house: House, enrolment: TenantEnrolment, message: DecideApproval, answer: Answer
) -> Verdict | None:
    """The verdict; of a run that has closed, the one that its audit trail has for the same decision."""
    if not answer.closed:
        return answer.verdict
    key = f"{enrolment.reference}.decide_approval.{message.message_id}"
    async with house.database.begin() as session:
        entries = await audit.entries_of(session, enrolment.reference)
    before = next((entry.facts["verdict"] for entry in entries if entry.key == key), Verdict.TOO_LATE)
    return Verdict(before)


def _message(enrolment: TenantEnrolment, decision: Decision, key: str | None) -> DecideApproval:
    """The message; the same decision on the same application has the same id, however often it comes."""
    said = key or f"{enrolment.approval_round}\0{decision.model_dump_json()}"
    derived = hashlib.sha256(f"{enrolment.reference}\0{decision.decision}\0{said}".encode()).hexdigest()
    return DecideApproval(
        message_id=f"api-{derived[:48]}",
        received_at=now(),
        decision=approval_decision(decision),
        reason=decision.reason,
        decided_by=decision.decided_by,
        via="api",
        obligations_accepted_at=decision.obligations_accepted_at,
        evidence=decision.evidence,
    )


async def _enrolment(house: House, caller: Caller, reference: str) -> TenantEnrolment:
    """The caller's own enrolment; another tenant's is as unknown as none at all. Raises ApiProblem."""
    try:
        text = Reference.parse(reference).text
    except RuleBroken:
        raise ApiProblem("unknown-reference") from None
    async with house.database.begin() as session:
        found = await tenant_enrolments.find(session, caller.tenant.name, text)
    if found is None:
        raise ApiProblem("unknown-reference")
    concerns(text)
    return found


async def _principal_email(house: House, enrolment: TenantEnrolment) -> str | None:
    if enrolment.stage is not Stage.AWAITING_APPROVAL:
        return None
    async with house.database.begin() as session:
        whole = await enrolments.find(session, house.vault, enrolment.reference)
    application = whole and whole.details and whole.details.application
    return application.email if application else None


def _shown(enrolment: TenantEnrolment) -> EnrolmentShown:
    return EnrolmentShown(
        reference=enrolment.reference,
        applicant=enrolment.applicant,
        stage=enrolment.stage,
        outcome=enrolment.outcome,
        registered_at=enrolment.registered_at,
        since=enrolment.since,
        until=enrolment.until,
        serial=enrolment.serial,
    )


def _cursor(house: House, caller: Caller, last: TenantEnrolment) -> str:
    facts = {
        "tenant": caller.tenant.name,
        "at": last.registered_at.isoformat(),
        "reference": last.reference,
    }
    return house.sealer.seal(_CURSOR, facts, datetime.now(UTC) + CURSOR_TTL)


def _place(house: House, caller: Caller, cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    facts = house.sealer.open(_CURSOR, cursor)
    if facts is None or facts["tenant"] != caller.tenant.name:
        raise ApiProblem("unknown-cursor")
    return Place(datetime.fromisoformat(str(facts["at"])), str(facts["reference"]))
