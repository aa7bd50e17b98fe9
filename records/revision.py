"""Which migration a database has had last, and whether this version goes with it."""

import functools
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession

from records.missing import Missing

HERE = Path(__file__).parent

_HAS_REVISION = "SELECT to_regclass('public.alembic_version') IS NOT NULL"
_REVISION = "SELECT version_num FROM alembic_version"


@dataclass(frozen=True)
class Revision:
    """The last migration that a database has had; None: it has no tables yet."""

    found: str | None

    @property
    def is_current(self) -> bool:
        """Whether it is this version's last one."""
        return self.found == known_revisions()[0]

    @property
    def is_newer(self) -> bool:
        """Whether this version does not know it."""
        return self.found is not None and self.found not in known_revisions()

    @property
    def sentence(self) -> str:
        """What is there, what is expected, and what to do."""
        there = f"at migration {self.found}" if self.found else "empty"
        expected = known_revisions()[0]
        if self.is_newer:
            return (
                f"The database is {there}, and this version knows migrations up to {expected}: the code is "
                "older than the database. Start the version that migrated it."
            )
        return (
            f"The database is {there}, and this version expects {expected}: run `python -m records.migrate`."
        )

    @property
    def missing(self) -> Missing | None:
        """What keeps this version from working with it."""
        return None if self.is_current else Missing("migration", self.sentence)


def present(connection: Connection) -> Revision:
    """Give the database's last migration."""
    there = connection.scalar(text(_HAS_REVISION))
    return Revision(connection.scalar(text(_REVISION)) if there else None)


async def present_revision(session: AsyncSession) -> Revision:
    """Give the database's last migration."""
    return await (await session.connection()).run_sync(present)


@functools.cache
def known_revisions() -> tuple[str, ...]:
    """Give the migrations of this version, the last one first."""
    scripts = ScriptDirectory.from_config(config(""))
    return tuple(script.revision for script in scripts.walk_revisions())


def config(url: str) -> Config:
    """Give Alembic's configuration for a database."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE / "migrations"))
    settings.attributes["url"] = driver(url)
    return settings


def driver(url: str) -> str:
    """Name our driver in a database's address."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
