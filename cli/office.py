"""What every command needs: settings from the stack that runs here, and the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from engine.client import Connection
from engine.enrolments import EnrolmentDesk
from records.database import Database
from records.vault import Vault
from settings import Settings, load_settings
from tenants import load_tenants

T = TypeVar("T")


@dataclass(frozen=True)
class Office:
    """Where a command works."""

    settings: Settings
    database: Database
    vault: Vault
    desk: EnrolmentDesk


def run(command: Callable[[Office], Awaitable[T]]) -> T:
    """Run a command's coroutine. Raises SettingsError."""

    async def in_office() -> T:
        async with _open(load_settings()) as office:
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
    desk = EnrolmentDesk(Connection(settings, vault, database), database, settings, load_tenants())
    try:
        yield Office(settings, database, vault, desk)
    finally:
        await database.close()
