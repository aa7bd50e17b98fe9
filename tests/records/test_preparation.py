"""What a database lacks is told in a sentence: tables, the present version, accounts of a demo's."""

import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from alembic import command
from psycopg import sql

from records import api_keys, operators
from records.database import Database
from records.demo_accounts import DEMO, DEMO_DOMAIN
from records.migrate import Newer, upgrade
from records.missing import Missing
from records.operators import Operator, Role
from records.preparation import Preparation
from records.revision import config, known_revisions
from settings import Settings

LAST, BEFORE = known_revisions()[:2]


@pytest.fixture
def empty_url(database_url: str) -> Iterator[str]:
    """A database of this test's own, without any table."""
    name = f"empty_{uuid.uuid4().hex}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield database_url.replace("/jcan?", f"/{name}?")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def preparation(empty_url: str, settings: Settings) -> AsyncIterator[Preparation]:
    """What a process that has just started finds there."""
    database = Database(empty_url)
    yield Preparation(database, settings)
    await database.close()


def note_version(url: str, version: str) -> None:
    """Have the database say that it had this migration last."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [version])


def migrate(url: str) -> "subprocess.CompletedProcess[str]":
    """Run the migrations as an operator does."""
    environment = {"JCAN_DATABASE_URL": url}
    program = [sys.executable, "-m", "records.migrate"]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


async def test_an_empty_database_is_told_with_what_to_do(preparation: Preparation) -> None:
    assert await preparation.missing() == Missing(
        "migration",
        f"The database is empty, and this version expects {LAST}: run `python -m records.migrate`.",
    )


async def test_an_older_database_is_told_until_it_is_migrated(
    empty_url: str, preparation: Preparation
) -> None:
    command.upgrade(config(empty_url), BEFORE)
    missing = await preparation.missing()
    assert missing is not None
    assert missing.sentence.startswith(
        f"The database is at migration {BEFORE}, and this version expects {LAST}"
    )
    assert migrate(empty_url).returncode == 0
    assert await preparation.missing() is None


async def test_a_newer_database_is_refused_by_an_older_version_that_starts(
    empty_url: str, preparation: Preparation
) -> None:
    upgrade(empty_url)
    note_version(empty_url, "9999")
    missing = await preparation.missing()
    assert missing is not None
    assert "the code is older than the database" in missing.sentence
    with pytest.raises(Newer, match="at migration 9999"):
        upgrade(empty_url)
    refused = migrate(empty_url)
    assert refused.returncode == 1
    assert refused.stderr.startswith("The database is at migration 9999")
    assert "Traceback" not in refused.stderr


async def test_a_version_that_is_at_work_goes_on_beside_a_database_that_becomes_newer(
    empty_url: str, preparation: Preparation
) -> None:
    upgrade(empty_url)
    assert await preparation.missing() is None
    note_version(empty_url, "9999")
    assert await preparation.missing() is None


async def test_a_database_that_is_not_there_is_told(empty_url: str) -> None:
    told = migrate(empty_url.replace("/empty_", "/nowhere_"))
    assert told.returncode == 1
    assert told.stderr.startswith("The database cannot be reached or written to")


async def test_production_waits_until_the_demos_accounts_are_closed(
    database: Database, settings: Settings
) -> None:
    placed = f"somebody@{DEMO_DOMAIN}"
    async with database.begin() as session:
        await operators.add(session, Operator("demo", placed, Role.ADMINISTRATOR, None), "a-long-password")
        key = await api_keys.create(session, settings.digest_key, "leopalace", DEMO, "a-key", DEMO)
    assert key is not None
    assert await Preparation(database, settings).missing() is None
    production = Preparation(database, settings.model_copy(update={"profile": "production"}))
    missing = await production.missing()
    assert missing is not None
    assert f"`jcan api-keys revoke {key.key_id}`, `jcan operators disable demo`" in missing.sentence
    async with database.begin() as session:
        await api_keys.revoke(session, key.key_id, "operator")
        await operators.disable(session, "demo")
    assert await production.missing() is None
