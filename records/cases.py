"""Lists of enrolments as operators work through them: where each stands, nothing personal.

`tenant` limits every list to one service owner's; None gives everybody's.
"""

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.stage import Stage
from records import tickets
from records.enrolments import OPEN_STAGES, Standing, address_digest, standing_in, ticket_digest
from records.tables import EnrolmentRow


async def in_review(
    session: AsyncSession, tenant: str | None, besides: bytes | None = None
) -> list[Standing]:
    """Give what waits for a reviewer, the oldest first; nothing in which a digest's address takes part."""
    waiting = _cases(tenant).where(EnrolmentRow.stage == Stage.IN_REVIEW.value)
    if besides is not None:
        whose = (EnrolmentRow.email_digest, EnrolmentRow.principal_digest)
        waiting = waiting.where(*(digest.is_distinct_from(besides) for digest in whose))
    return await _standings(session, waiting.order_by(EnrolmentRow.since, EnrolmentRow.reference))


async def needing_attention(session: AsyncSession, tenant: str | None) -> list[Standing]:
    """Give what an operator has to look after, the oldest first."""
    marked = _cases(tenant).where(EnrolmentRow.attention.is_not(None))
    unfinished = marked.where(EnrolmentRow.stage.in_(OPEN_STAGES))
    return await _standings(session, unfinished.order_by(EnrolmentRow.since, EnrolmentRow.reference))


async def newest(
    session: AsyncSession, tenant: str | None, stage: Stage | None, limit: int
) -> list[Standing]:
    """Give the newest enrolments, or those at one stage."""
    query = _cases(tenant).order_by(EnrolmentRow.registered_at.desc(), EnrolmentRow.reference)
    if stage is not None:
        query = query.where(EnrolmentRow.stage == stage.value)
    return await _standings(session, query.limit(limit))


async def of_address(
    session: AsyncSession, digest_key: bytes, tenant: str | None, email: str
) -> list[Standing]:
    """Give the enrolments in which a (folded) address takes part, as the applicant's or the principal's."""
    digest = address_digest(digest_key, email)
    takes_part = or_(EnrolmentRow.email_digest == digest, EnrolmentRow.principal_digest == digest)
    return await _standings(
        session, _cases(tenant).where(takes_part).order_by(EnrolmentRow.registered_at.desc())
    )


async def of_ticket(
    session: AsyncSession, digest_key: bytes, tenant: str | None, number: str
) -> list[Standing]:
    """Give the enrolments that came with a ticket, ended ones too; of the erased only who used it up."""
    ticket = await tickets.find_ticket(session, number)
    holder = EnrolmentRow.reference == (ticket.reserved_by if ticket else None)
    came = EnrolmentRow.ticket_digest == ticket_digest(digest_key, number)
    newest = _cases(tenant).where(or_(came, holder)).order_by(EnrolmentRow.registered_at.desc())
    return await _standings(session, newest)


async def of_reference(session: AsyncSession, tenant: str | None, reference: str) -> list[Standing]:
    """Give the enrolment of a reference, if there is one."""
    return await _standings(session, _cases(tenant).where(EnrolmentRow.reference == reference))


async def count_by_stage(session: AsyncSession, tenant: str | None) -> dict[Stage, int]:
    """Tell how many enrolments are at each stage that is no end."""
    query = (
        select(EnrolmentRow.stage, func.count())
        .where(EnrolmentRow.stage.in_(OPEN_STAGES), *_of(tenant))
        .group_by(EnrolmentRow.stage)
    )
    return {Stage(stage): count for stage, count in (await session.execute(query)).all()}


def _cases(tenant: str | None) -> Select[EnrolmentRow]:
    return select(EnrolmentRow).where(*_of(tenant))


def _of(tenant: str | None) -> list[ColumnElement[bool]]:
    return [] if tenant is None else [EnrolmentRow.tenant == tenant]


async def _standings(session: AsyncSession, query: Select[EnrolmentRow]) -> list[Standing]:
    rows = (await session.scalars(query)).all()
    return [standing_in(row) for row in rows]
