"""Fixtures that every room's tests share: a real PostgreSQL, and settings with throw-away keys."""

import base64
import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

import authorities.local_tables  # noqa: F401  (all three join the registry of tables)
import records.operator_tables  # noqa: F401
from devstack.postgres import running
from devstack.temporal import dev_server_path
from records.database import Database
from records.migrate import upgrade
from records.tables import Base
from records.vault import Vault
from settings import Settings
from tests.logged import logged  # noqa: F401
from tests.running.stack import stack  # noqa: F401  (one stack for the browser's tests and the system's)
from workflows.names import SEARCH_ATTRIBUTES


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was loaded: it stays, and there is much of it."""
    gc.freeze()


def make_keys() -> SecretStr:
    """Give a keyring of one random key."""
    return SecretStr(f"1:{base64.urlsafe_b64encode(os.urandom(32)).decode()}")


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test run's own, migrated."""
    with running(tmp_path_factory.mktemp("postgres")) as url:
        upgrade(url)
        yield url


@pytest_asyncio.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[Database]:
    """The connections that the tests share: each test's own would have to learn every statement anew."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def database(pool: Database) -> Database:
    """The database, every table empty."""
    # Truncating takes five times as long: it makes new files for every table.
    emptied = "; ".join(str(table.delete()) for table in Base.metadata.sorted_tables)
    async with pool.begin() as session:
        # The audit trail refuses to be emptied, except by who may switch its triggers off.
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(text(f"DO $$ BEGIN {emptied}; END $$"))
    return pool


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings as for a stack of its own, with new keys."""
    return Settings(
        run_dir=tmp_path,
        ca_dir=tmp_path / "ca",
        database_url=database_url,
        captcha_answer="abcd2",
        econtract_key=SecretStr("econtract-key"),
        econtract_webhook_secret=SecretStr(f"whsec_{base64.b64encode(os.urandom(32)).decode()}"),
        ca_hook_key=SecretStr("hook-key"),
        master_keys=make_keys(),
        link_keys=make_keys(),
        web_keys=make_keys(),
        digest_keys=make_keys(),
        audit_keys=make_keys(),
    )


@pytest.fixture
def vault(database: Database, settings: Settings) -> Vault:
    """The vault over the test's database."""
    return Vault(database, settings.master_keyring)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server whose clock skips what nobody waits for; one for the whole run."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(dev_server_path()),
        data_converter=pydantic_data_converter,
        search_attributes=list(SEARCH_ATTRIBUTES),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            'history.timerProcessorMaxTimeShift="10ms"',
        ],
    ) as environment:
        yield environment
