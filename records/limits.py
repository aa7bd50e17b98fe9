"""Rate limits: how often something may be done in a sliding window, counted in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from records.digest import digest
from records.tables import LimitUse

_SWEPT_AT_ONCE = 100


@dataclass(frozen=True)
class Limit:
    """At most `count` uses in any `window`."""

    name: str
    count: int
    window: timedelta


SAME_PRESS = Limit("same-press", 1, timedelta(days=1))
"""One press of one button, however many times the browser sends it."""

NEW_LINKS = (
    Limit("new-link-minute", 1, timedelta(minutes=1)),
    Limit("new-link-day", 5, timedelta(days=1)),
)


def new_links_of(reference: str, whose: Literal["applicant", "principal"]) -> list[tuple[Limit, str]]:
    """Give what a new link for an enrolment uses: the principal's and the applicant's share are apart."""
    return [(limit, f"{reference}:{whose}") for limit in NEW_LINKS]


async def take_press(
    session: AsyncSession, press: str, uses: Sequence[tuple[Limit, str]], secret: bytes
) -> timedelta | None:
    """Count one press against several limits by their keys; the same press again is not another one.

    Gives None if it is allowed, otherwise the longest wait; then the transaction is rolled back, so that
    nothing counts, and the same press may be tried again.
    """
    if await take(session, SAME_PRESS, press, secret) is not None:
        return None
    waits = [await take(session, limit, key, secret) for limit, key in uses]
    wait = max((each for each in waits if each is not None), default=None)
    if wait is not None:
        await session.rollback()
    return wait


async def take(session: AsyncSession, limit: Limit, key: str, secret: bytes) -> timedelta | None:
    """Count one use of `limit` by `key` (an address, a ticket, a network), stored as a keyed digest.

    Gives None if it is allowed, otherwise how long to wait; a refused use does not count. Uses of one key at
    the same moment are counted one after the other.
    """
    hidden = digest(secret, f"limit:{limit.name}", key)
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(hidden[:8], "big", signed=True))))
    # Only now: while this use waited for its turn, another one may have been counted.
    now = datetime.now(UTC)
    await _sweep(session, limit, now)
    mine = (LimitUse.name == limit.name) & (LimitUse.key_digest == hidden)
    recent = select(LimitUse.used_at).where(mine, LimitUse.used_at > now - limit.window)
    uses = (await session.scalars(recent.order_by(LimitUse.used_at.desc()))).all()
    if len(uses) >= limit.count:
        return uses[limit.count - 1] + limit.window - now
    session.add(LimitUse(name=limit.name, key_digest=hidden, used_at=now))
    return None


async def forget(session: AsyncSession, limit: Limit, key: str, secret: bytes) -> None:
    """Forget the uses of a limit by a key: it may be used in full again."""
    hidden = digest(secret, f"limit:{limit.name}", key)
    await session.execute(delete(LimitUse).where(LimitUse.name == limit.name, LimitUse.key_digest == hidden))


async def _sweep(session: AsyncSession, limit: Limit, now: datetime) -> None:
    """Delete uses of a limit that count no more, by whatever key: most keys never come back.

    Some at a time, and none that somebody else is deleting: nobody waits for it.
    """
    past = (
        select(LimitUse.use_id)
        .where(LimitUse.name == limit.name, LimitUse.used_at <= now - limit.window)
        .order_by(LimitUse.used_at)
        .limit(_SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte()
    )
    await session.execute(delete(LimitUse).where(LimitUse.use_id.in_(select(past.c.use_id))))
