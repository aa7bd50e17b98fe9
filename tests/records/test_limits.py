"""Rate limits that hold for every process."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from records.database import Database
from records.limits import Limit, take
from records.tables import LimitUse

THREE_A_MINUTE = Limit("test", 3, timedelta(minutes=1))
SECRET = b"s" * 32


async def use(database: Database, key: str = "taro@example.jp") -> timedelta | None:
    """Use it once."""
    async with database.begin() as session:
        return await take(session, THREE_A_MINUTE, key, SECRET)


async def test_at_most_the_limit_is_allowed_however_many_ask_at_once(database: Database) -> None:
    answers = await asyncio.gather(*(use(database) for _ in range(10)))
    assert answers.count(None) == 3
    assert all(timedelta(seconds=50) < answer <= timedelta(minutes=1) for answer in answers if answer)


async def test_it_frees_as_the_window_slides(database: Database) -> None:
    for _ in range(3):
        assert await use(database) is None
    assert await use(database) is not None
    async with database.begin() as session:
        await session.execute(update(LimitUse).values(used_at=LimitUse.used_at - timedelta(minutes=1)))
    assert await use(database) is None


async def test_keys_do_not_disturb_each_other_and_are_not_stored_in_clear(database: Database) -> None:
    for _ in range(3):
        await use(database)
    assert await use(database, "hanako@example.jp") is None
    async with database.begin() as session:
        stored = (await session.scalars(select(LimitUse.key_digest))).all()
    assert not any(b"example" in digest for digest in stored)


async def test_what_counts_no_more_is_deleted_whoever_comes(database: Database) -> None:
    other = Limit("another", 1, timedelta(days=1))
    for number in range(5):
        await use(database, f"once-{number}@example.jp")
    async with database.begin() as session:
        assert await take(session, other, "once", SECRET) is None
        await session.execute(update(LimitUse).values(used_at=LimitUse.used_at - timedelta(minutes=1)))
    assert await use(database) is None
    async with database.begin() as session:
        left = (await session.scalars(select(LimitUse.name).order_by(LimitUse.name))).all()
    assert left == ["another", "test"], "the use of now, and the one that counts for a day"


async def test_sweeping_waits_for_nobody_who_sweeps(database: Database) -> None:
    await use(database, "once@example.jp")
    async with database.begin() as session:
        await session.execute(update(LimitUse).values(used_at=LimitUse.used_at - timedelta(minutes=1)))
    async with database.begin() as busy:
        await busy.execute(select(LimitUse).with_for_update())
        assert await asyncio.wait_for(use(database), 5) is None
