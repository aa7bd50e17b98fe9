"""The pool of connections, and what becomes of it when the server closes them."""

import asyncio

from sqlalchemy import text

from records.database import Database

TOGETHER = 3
BACKEND = text("SELECT pg_backend_pid()")


async def test_connections_that_were_closed_while_idle_are_made_anew(
    database: Database, database_url: str
) -> None:
    mine = Database(database_url)
    before = await backends(mine)
    assert await backends(mine) == before
    async with database.begin() as session:
        closed = text("SELECT pg_terminate_backend(:backend, 5000)")
        assert all([(await session.scalar(closed, {"backend": each})) for each in before])

    after = await backends(mine)
    assert len(after) == TOGETHER
    assert not after & before
    await mine.close()


async def backends(database: Database) -> set[int]:
    """The server's processes behind connections that are all in use at once."""
    everybody = asyncio.Barrier(TOGETHER)

    async def one() -> int:
        async with database.begin() as session:
            backend: int = (await session.execute(BACKEND)).scalar_one()
            await everybody.wait()
            return backend

    return set(await asyncio.gather(*(one() for _ in range(TOGETHER))))
