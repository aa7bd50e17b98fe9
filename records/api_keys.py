"""API keys of the e-contract services: each opens one tenant, and only its keyed digest is kept."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from records import audit
from records.digest import digest
from records.tables import ApiKey

PREFIX = "jcan_"
_KEY_BYTES = 32
_ID_BYTES = 4

_USE_IS_NOTED_EVERY = timedelta(minutes=1)
"""How exactly `last_used_at` is kept: a write per call would cost more than it tells."""


def new_key() -> str:
    """Make a key of 256 random bits; its prefix lets secret scanners know it."""
    return PREFIX + secrets.token_urlsafe(_KEY_BYTES)


async def create(
    session: AsyncSession, secret: bytes, tenant: str, name: str, key: str, actor: str
) -> ApiKey | None:
    """Keep a key's digest, keyed with `secret`. Gives its row, or None if the key was there before."""
    key_id, now = secrets.token_hex(_ID_BYTES), datetime.now(UTC)
    row = insert(ApiKey).values(
        key_id=key_id, tenant=tenant, name=name, digest=_digest(secret, key), created_at=now
    )
    made = await session.scalar(row.on_conflict_do_nothing().returning(ApiKey.key_id))
    if made is None:
        return None
    await audit.add(session, _entry(key_id, "api_key_created", tenant, actor, now))
    return await session.get(ApiKey, key_id)


async def tenant_of(session: AsyncSession, secret: bytes, key: str) -> ApiKey | None:
    """Give the row of a key that counts, and note that it was used; None for any other text."""
    found = await session.scalar(
        select(ApiKey).where(ApiKey.digest == _digest(secret, key), ApiKey.revoked_at.is_(None))
    )
    if found is not None:
        now = datetime.now(UTC)
        stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - _USE_IS_NOTED_EVERY)
        await session.execute(
            update(ApiKey).where(ApiKey.key_id == found.key_id, stale).values(last_used_at=now)
        )
    return found


async def list_keys(session: AsyncSession) -> Sequence[ApiKey]:
    """Give every key that there ever was, the oldest first."""
    return (await session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.key_id))).all()


async def revoke(session: AsyncSession, key_id: str, actor: str) -> bool | None:
    """Revoke a key. Gives False if it was revoked before, None if there is no such key."""
    row = await session.get(ApiKey, key_id, with_for_update=True)
    if row is None:
        return None
    if row.revoked_at is not None:
        return False
    row.revoked_at = datetime.now(UTC)
    await audit.add(session, _entry(key_id, "api_key_revoked", row.tenant, actor, row.revoked_at))
    return True


def _digest(secret: bytes, key: str) -> bytes:
    return digest(secret, "api-key", key)


def _entry(key_id: str, action: str, tenant: str, actor: str, at: datetime) -> audit.Entry:
    return audit.Entry(
        key=f"{action}.{key_id}", at=at, actor=actor, action=action, tenant=tenant, facts={"key_id": key_id}
    )
