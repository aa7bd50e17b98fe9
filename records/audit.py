"""The audit trail: append-only, one entry per thing that happened, without personal data.

Each entry has the SHA-256 digest of its content; the database chains the digests in the order of commit
(migration 0004) and refuses to change or remove an entry. `records.audit_chain` verifies the chain.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

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


def entry_now(
    actor: str, action: str, reference: str | None = None, tenant: str | None = None, **facts: Fact
) -> Entry:
    """Give an entry for what somebody does now; each is one of its own."""
    return Entry(
        key=f"{action}.{uuid.uuid4().hex}",
        at=datetime.now(UTC),
        actor=actor,
        action=action,
        reference=reference,
        tenant=tenant,
        facts=facts,
    )


def canonical(entry: Entry) -> str:
    """Give an entry as canonical JSON: names sorted, no spaces, the time in UTC with microseconds."""
    content = entry.model_dump() | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(entry: Entry) -> bytes:
    """Give the SHA-256 of an entry's canonical JSON."""
    return hashlib.sha256(canonical(entry).encode()).digest()


async def add(session: AsyncSession, *entries: Entry) -> None:
    """Append entries in the caller's transaction; those already there are left as they are."""
    if entries:
        rows = [entry.model_dump() | {"digest": digest_of(entry)} for entry in entries]
        await session.execute(insert(AuditEntry).values(rows).on_conflict_do_nothing())


async def entries_of(session: AsyncSession, reference: str) -> Sequence[AuditEntry]:
    """Give an enrolment's entries in the order in which they were written."""
    query = select(AuditEntry).where(AuditEntry.reference == reference).order_by(AuditEntry.sequence)
    return (await session.scalars(query)).all()
