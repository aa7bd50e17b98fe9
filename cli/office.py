"""What every command needs: settings from the stack that runs here, and the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from cli import beside
from engine.certificates import CertificateDesk
from engine.client import Connection
from engine.enrolments import EnrolmentDesk
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
    desk: EnrolmentDesk
    certificates: CertificateDesk


def run(command: Callable[[Office], Awaitable[T]]) -> T:
    """Run a command's coroutine. Raises SettingsError."""

    async def in_office() -> T:
        async with _open(beside.settings()) as office:
            return await command(office)

    return asyncio.run(in_office())


def refuse(sentence: str) -> typer.Exit:
    """Say why not; raise what this gives."""
    typer.echo(sentence, err=True)
    return typer.Exit(1)


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Office]:
    database = Database(settings.database_url)
    vault = Vault(database, settings.master_keyring)
    connection = Connection(settings, vault, database)
    desk = EnrolmentDesk(connection, database, settings, load_tenants())
    certificates = CertificateDesk(connection, database, vault, settings)
    try:
        yield Office(settings, database, vault, desk, certificates)
    finally:
        await database.close()
