"""What of the enrolments' standings is set right after a restore: see `engine.restoring`."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.stage import Outcome, Stage
from records import audit, tickets
from records.enrolments import OPEN_STAGES, Standing, standing_in
from records.tables import Certificate, DataKey, EnrolmentRow


async def unsettled(session: AsyncSession, running: Collection[str]) -> dict[str, Standing]:
    """Give, by reference, the enrolments that have not ended on record, and those of which a run is open."""
    query = select(EnrolmentRow).where(
        or_(EnrolmentRow.stage.in_(OPEN_STAGES), EnrolmentRow.reference.in_(running))
    )
    rows = (await session.scalars(query.order_by(EnrolmentRow.registered_at))).all()
    return {row.reference: standing_in(row) for row in rows}


async def erased(session: AsyncSession) -> set[str]:
    """Give the references of everybody who was erased."""
    return set((await session.scalars(select(DataKey.reference).where(DataKey.wrapped.is_(None)))).all())


async def certificates(session: AsyncSession, serials: Collection[str]) -> dict[str, Certificate]:
    """Give those of the certificates that are on record, by serial."""
    rows = await session.scalars(select(Certificate).where(Certificate.serial.in_(serials)))
    return {row.serial: row for row in rows.all()}


async def rewrite(
    session: AsyncSession, before: Standing, after: Standing, actor: str, finding: str | None
) -> None:
    """Write a standing, and that it differed (`finding`); whatever its run tells next is taken as newer."""
    await session.execute(
        update(EnrolmentRow)
        .where(EnrolmentRow.reference == before.reference)
        .values(after.model_dump(exclude={"reference", "revision"}) | {"revision": 0})
    )
    if finding is not None:
        facts = {"finding": finding, "was": before.stage.value, "stage": after.stage.value}
        entry = audit.entry_now(actor, "realigned", before.reference, before.tenant, **facts)
        await audit.add(session, entry)


async def close(session: AsyncSession, before: Standing, actor: str, finding: str) -> None:
    """End an enrolment that no run will ever end; its ticket is free, unless it was used up."""
    ended = {
        "stage": Stage.WITHDRAWN,
        "outcome": Outcome.CANCELLED_BY_OPERATOR,
        "since": datetime.now(UTC),
        "until": None,
        "attention": None,
    }
    after = before if before.stage.ended else before.model_copy(update=ended)
    await rewrite(session, before, after, actor, finding)
    await tickets.release(session, before.reference)
