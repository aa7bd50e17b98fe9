"""The connection to PostgreSQL: one engine per process, one transaction per piece of work."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

# An activity's attempt that was given up must not write after its successor has.
_OPTIONS = "-c transaction_timeout=20s"


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Prepare the pool for `url` (`postgresql+psycopg://…`); nothing is connected yet."""
        scheme, _, rest = url.partition("://")
        if scheme == "postgresql":
            url = f"postgresql+psycopg://{rest}"
        self.engine = create_async_engine(url, hide_parameters=True, connect_args={"options": _OPTIONS})
        event.listen(self.engine.sync_engine, "checkout", _pass_over_what_is_lost)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._views = async_sessionmaker(alone, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction: committed at the end of the block, rolled back if it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def view(self) -> AsyncIterator[AsyncSession]:
        """Open a session to read in: no transaction, which would take two more ways to the server and back.

        Each query sees what is committed by then; a change cannot be taken back.
        """
        async with self._views() as session:
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _pass_over_what_is_lost(connection: DBAPIConnection, *_: object) -> None:
    """Have the pool connect anew when the server has closed the connection while nobody used it.

    There is something to read then, where nothing was asked. Asking the server each time would cost as much
    as a query does.
    """
    waiting = select.poll()
    waiting.register(connection.driver_connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError("closed while idle")
