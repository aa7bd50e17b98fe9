"""What is measured on: a stack of its own as `make run` starts it, and the ways into it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

from temporalio.client import Client

from engine.client import Connection
from engine.enrolments import EnrolmentDesk
from engine.temporal_settings import TemporalSettings
from records import tickets
from records.database import Database
from records.tickets import Organisation
from records.vault import Vault
from settings import Settings
from tenants import load_tenants
from tests.bench.enrolments import Enrolments
from tests.running.stack import Stack, new_directory

SETTINGS = {
    # The CA has its certificate ready when it is asked: waiting for it costs nobody anything.
    "JCAN_ISSUANCE_DELAY": "PT0.5S",
    # The load comes from as many networks as there are people, and says so in front of the web front.
    "JCAN_TRUSTED_PROXIES": "127.0.0.1",
}
_ORGANISATION = Organisation("9999999999999", "株式会社サンプル", "Sample Corporation")
_TICKETS_AT_ONCE = 1_000


@dataclass
class Ground:
    """A running stack, and what is needed to make it work."""

    stack: Stack
    client: Client
    database: Database
    enrolments: Enrolments
    _tickets: list[str] = field(default_factory=list)
    _ordering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ticket(self) -> str:
        """Give a ticket that nobody has had."""
        async with self._ordering:
            if not self._tickets:
                async with self.database.begin() as session:
                    last_day = date(2099, 12, 31)
                    ordered = await tickets.order(
                        session, "leo-sign", _ORGANISATION, _TICKETS_AT_ONCE, last_day
                    )
                # Now they are there for everybody.
                self._tickets = ordered
            return self._tickets.pop()


@asynccontextmanager
async def started() -> AsyncIterator[Ground]:
    """Start a stack and leave nothing of it behind."""
    directory = new_directory()
    stack = Stack(directory, **SETTINGS)
    try:
        await stack.start()
        async with ways_into(stack) as ground:
            yield ground
        await stack.stop()
    finally:
        stack.kill()
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def ways_into(stack: Stack) -> AsyncIterator[Ground]:
    """Open the ways into a running stack for the length of the block."""
    environment = stack.environment
    settings = _settings_of(environment)
    temporal = TemporalSettings(environment["TEMPORAL_ADDRESS"], environment["TEMPORAL_NAMESPACE"])
    database = Database(settings.database_url)
    connection = Connection(temporal, Vault(database, settings.master_keyring), database)
    desk = EnrolmentDesk(connection, database, settings, load_tenants())
    enrolments = Enrolments(desk, database)
    watching = asyncio.create_task(enrolments.watch())
    try:
        yield Ground(stack, await connection.client(), database, enrolments)
    finally:
        watching.cancel()
        await database.close()


def _settings_of(environment: Mapping[str, str]) -> Settings:
    names = {name: f"JCAN_{name.upper()}" for name in Settings.model_fields}
    given = {name: environment[variable] for name, variable in names.items() if variable in environment}
    return Settings.model_validate(given)
