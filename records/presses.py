"""Presses on links that open a page and signal nothing: each opens once, in the browser of its first press.

A press is an audit entry like any other: when each link was pressed is on record.
"""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.link_token import LinkToken, Purpose
from records import audit
from records.tables import AuditEntry


async def press(session: AsyncSession, token: LinkToken, tenant: str, press_id: str) -> bool:
    """Record a press; tell whether it is the link's first one, or the same press once more."""
    entry = audit.Entry(
        key=_key(token),
        at=datetime.now(UTC),
        actor="principal" if token.purpose in {Purpose.APPROVAL, Purpose.REVOCATION} else "applicant",
        action="link_pressed",
        reference=token.reference.text,
        tenant=tenant,
        facts={
            "purpose": token.purpose.name.lower(),
            "generation": token.generation,
            "press": press_id,
        },
    )
    await audit.add(session, entry)
    first = (await session.scalars(select(AuditEntry).where(AuditEntry.key == entry.key))).one()
    return bool(first.facts["press"] == press_id)


async def was_pressed(session: AsyncSession, token: LinkToken) -> bool:
    """Tell whether a link was pressed."""
    found = await session.scalar(select(AuditEntry.sequence).where(AuditEntry.key == _key(token)))
    return found is not None


def _key(token: LinkToken) -> str:
    return f"{token.reference.text}:link_pressed:{token.purpose.name.lower()}:{token.generation}"
