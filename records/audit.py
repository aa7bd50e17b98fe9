"""The audit trail: append-only, one entry per thing that happened, without personal data."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import AuditEntry

Fact = str | int | bool | None


class Entry(BaseModel):
    """One thing that happened. The same `key` written again is the same entry."""

    model_config = ConfigDict(frozen=True)

    key: str
    at: datetime
    actor: str
    action: str
    reference: str | None = None
    tenant: str | None = None
    facts: dict[str, Fact] = {}


async def add(session: AsyncSession, *entries: Entry) -> None:
    """Append entries in the caller's transaction; those already there are left as they are."""
    if entries:
        rows = [entry.model_dump() for entry in entries]
        await session.execute(insert(AuditEntry).values(rows).on_conflict_do_nothing())


async def entries_of(session: AsyncSession, reference: str) -> Sequence[AuditEntry]:
    """Give an enrolment's entries in the order in which they were written."""
    query = select(AuditEntry).where(AuditEntry.reference == reference).order_by(AuditEntry.sequence)
    return (await session.scalars(query)).all()
