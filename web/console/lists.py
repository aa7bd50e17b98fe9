"""The console's lists: the review queue, what needs attention, all enrolments and the search."""

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from domain.email import parse_email
from domain.problem import RuleBroken
from domain.reference import Reference
from domain.stage import Stage
from domain.ticket import parse_ticket_number
from records import cases
from records.enrolments import Standing
from records.operators import Operator
from web.console.access import HOME, SignedIn, note, signed_in
from web.console.page import show
from web.forms import posted
from web.house import house_of
from web.pages import see_other

router = APIRouter(prefix=HOME)

SHOWN = 100
"""How many enrolments the list shows; beyond it one searches."""


@router.get("", dependencies=[Depends(signed_in)])
async def home() -> Response:
    """The console begins with what waits for somebody."""
    return see_other(f"{HOME}/reviews")


@router.get("/reviews")
async def reviews(request: Request, operator: SignedIn) -> Response:
    """The review queue, the oldest first."""
    async with house_of(request).database.begin() as session:
        waiting = await cases.in_review(session, operator.tenant)
        attention = await cases.needing_attention(session, operator.tenant)
    return show(request, operator, "reviews.html", waiting=waiting, attention=len(attention))


@router.get("/attention")
async def attention(request: Request, operator: SignedIn) -> Response:
    """What does not go on without an operator."""
    async with house_of(request).database.begin() as session:
        marked = await cases.needing_attention(session, operator.tenant)
    return show(request, operator, "attention.html", marked=marked)


@router.get("/enrolments")
async def enrolments(request: Request, operator: SignedIn, stage: str = "") -> Response:
    """The newest enrolments, of one stage or of all, above them the search."""
    chosen = Stage(stage) if stage in set(Stage) else None
    async with house_of(request).database.begin() as session:
        found = await cases.newest(session, operator.tenant, chosen, SHOWN)
        counts = await cases.count_by_stage(session, operator.tenant)
    return show(
        request,
        operator,
        "enrolments.html",
        found=found,
        counts=counts,
        stage=chosen,
        query="",
        searched=False,
    )


@router.post("/enrolments")
async def search(request: Request, operator: SignedIn) -> Response:
    """Search by reference, ticket or address; posted, so that no address gets into the browser's history."""
    query = (await posted(request)).get("query", "").strip()
    async with house_of(request).database.begin() as session:
        kind, found = await _search(session, house_of(request).settings.digest_key, operator, query)
    await note(request, operator.actor, "searched", by=kind, found=len(found))
    if kind == "reference" and found:
        return see_other(f"{HOME}/enrolments/{found[0].reference}")
    return show(
        request,
        operator,
        "enrolments.html",
        found=found,
        counts={},
        stage=None,
        query=query,
        searched=True,
        other_language_url=f"{HOME}/enrolments",
    )


async def _search(
    session: AsyncSession, digest_key: bytes, operator: Operator, query: str
) -> tuple[str, list[Standing]]:
    """What a text is taken for, and what was found by it."""
    if "@" in query:
        try:
            email = parse_email(query)
        except RuleBroken:
            return "address", []
        return "address", await cases.of_address(session, digest_key, operator.tenant, email)
    try:
        number = parse_ticket_number(query)
        return "ticket", await cases.of_ticket(session, digest_key, operator.tenant, number)
    except RuleBroken:
        pass
    try:
        reference = Reference.parse(query).text
    except RuleBroken:
        return "nothing", []
    return "reference", await cases.of_reference(session, operator.tenant, reference)
