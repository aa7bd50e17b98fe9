"""What every command needs: settings from the stack that runs here, and the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from authorities.connector import Authority
from cli import beside
from engine.certificates import CertificateDesk
from engine.client import Connection
from engine.enrolments import EnrolmentDesk
from engine.temporal_settings import TemporalSettings
from records.database import Database
from records.vault import Vault
from settings import Settings
from tenants import load_tenants

OPERATOR = "operator:cli"
"""As whom the audit trail knows who uses the command line: its access is the machine's."""

T = TypeVar("T")


@dataclass(frozen=True)
class Office:
    """Where a command works."""

    settings: Settings
    database: Database
    vault: Vault
    connection: Connection
    desk: EnrolmentDesk
    certificates: CertificateDesk


def run(command: Callable[[Office], Awaitable[T]]) -> T:
    """Run a command's coroutine. Raises SettingsError."""

    async def in_office() -> T:
        async with _open(*beside.settings()) as office:
            return await command(office)

    return asyncio.run(in_office())


def authority_of(office: Office) -> Authority:
    """Give the CA's connector."""
    # It brings the linters along, for which no other command should have to wait.
    from authorities.local import LocalAuthority  # noqa: PLC0415

    return LocalAuthority(office.database, office.settings)


def refuse(sentence: str) -> typer.Exit:
    """Say why not; raise what this gives."""
    typer.echo(sentence, err=True)
    return typer.Exit(1)


@asynccontextmanager
async def _open(settings: Settings, temporal: TemporalSettings) -> AsyncIterator[Office]:
    database = Database(settings.database_url)
    vault = Vault(database, settings.master_keyring)
    connection = Connection(temporal, vault, database)
    desk = EnrolmentDesk(connection, database, settings, load_tenants())
    certificates = CertificateDesk(connection, database, vault, settings)
    try:
        yield Office(settings, database, vault, connection, desk, certificates)
    finally:
        await database.close()
