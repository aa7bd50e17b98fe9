"""`python -m records.migrate`: bring the database to this version's tables; done again it changes nothing."""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

HERE = Path(__file__).parent


def config(url: str) -> Config:
    """Give Alembic's configuration for a database."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE / "migrations"))
    settings.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return settings


def upgrade(url: str) -> None:
    """Run every migration that the database lacks."""
    command.upgrade(config(url), "head")


async def is_current(session: AsyncSession) -> bool:
    """Tell whether the database is at exactly this version's migration."""
    head = ScriptDirectory.from_config(config("")).get_current_head()
    known = await session.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    return bool(known) and await session.scalar(text("SELECT version_num FROM alembic_version")) == head


def main() -> int:
    """Migrate the database that JCAN_DATABASE_URL names."""
    url = os.environ.get("JCAN_DATABASE_URL")
    if not url:
        print("JCAN_DATABASE_URL is not set.", file=sys.stderr)
        return 2
    upgrade(url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
