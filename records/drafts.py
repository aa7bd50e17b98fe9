"""Drafts: what an applicant has typed so far, sealed under the enrolment's data key."""

import json
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Draft
from records.vault import Vault

CONTEXT = b"draft"


async def save(session: AsyncSession, vault: Vault, reference: str, fields: dict[str, str]) -> None:
    """Keep the typed fields in place of any earlier draft. Raises vault.Erased."""
    sealed = await vault.seal(reference, json.dumps(fields).encode(), CONTEXT)
    row = {"reference": reference, "sealed_fields": sealed, "saved_at": datetime.now(UTC)}
    statement = insert(Draft).values(row)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Draft.reference],
            set_={
                "sealed_fields": statement.excluded.sealed_fields,
                "saved_at": statement.excluded.saved_at,
            },
        )
    )


async def load(session: AsyncSession, vault: Vault, reference: str) -> dict[str, str]:
    """Give the typed fields, empty if there are none. Raises vault.Erased."""
    draft = await session.get(Draft, reference)
    if draft is None:
        return {}
    fields: dict[str, str] = json.loads(await vault.open(reference, draft.sealed_fields, CONTEXT))
    return fields


async def drop(session: AsyncSession, reference: str) -> None:
    """Forget a draft."""
    await session.execute(delete(Draft).where(Draft.reference == reference))
