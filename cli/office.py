"""What every command needs: settings from the stack that runs here, and the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import typer
from sqlalchemy.exc import OperationalError

from cli import beside
from domain.problem import RuleBroken
from domain.reference import Reference
from records.database import Database
from records.vault import Vault
from settings import Settings
from tenants import load_tenants

if TYPE_CHECKING:
    from authorities.connector import Authority
    from engine.certificates import CertificateDesk
    from engine.client import Connection
    from engine.enrolments import EnrolmentDesk

OPERATOR = "operator:cli"
"""As whom the audit trail knows who uses the command line: its access is the machine's."""

T = TypeVar("T")


@dataclass(frozen=True)
class Office:
    """Where a command works."""

    settings: Settings
    database: Database
    vault: Vault

    # Temporal's library takes as long to load as everything else together: most commands can do without.

    @cached_property
    def connection(self) -> "Connection":
        """The way to Temporal. Raises SettingsError."""
        from engine.client import Connection  # noqa: PLC0415
        from engine.temporal_settings import load_temporal_settings  # noqa: PLC0415

        return Connection(load_temporal_settings(), self.vault, self.database)

    @cached_property
    def desk(self) -> "EnrolmentDesk":
        """Where enrolments are told something. Raises SettingsError."""
        from engine.enrolments import EnrolmentDesk  # noqa: PLC0415

        return EnrolmentDesk(self.connection, self.database, self.settings, load_tenants())

    @cached_property
    def certificates(self) -> "CertificateDesk":
        """Where certificates' runs are told something. Raises SettingsError."""
        from engine.certificates import CertificateDesk  # noqa: PLC0415

        return CertificateDesk(self.connection, self.database, self.vault, self.settings)


def run(command: Callable[[Office], Awaitable[T]]) -> T:
    """Run a command's coroutine; refuse where there is no database. Raises SettingsError."""

    async def in_office() -> T:
        async with _open(beside.settings()) as office:
            return await command(office)

    try:
        return asyncio.run(in_office())
    except OperationalError as error:
        # No more than its kind: its text has the statement, with what is personal in it.
        kind = type(error.orig).__name__
        raise refuse(f"The database cannot be reached or written to ({kind}).") from None


def authority_of(office: Office) -> "Authority":
    """Give the CA's connector."""
    # It brings the linters along, for which no other command should have to wait.
    from authorities.local import LocalAuthority  # noqa: PLC0415

    return LocalAuthority(office.database, office.settings)


def reference_of(text: str) -> str:
    """Give the reference that was typed, in any writing; refuse what is none."""
    try:
        return Reference.parse(text).text
    except RuleBroken:
        raise refuse("That is not a reference: 13 letters and digits.") from None


def refuse(sentence: str) -> typer.Exit:
    """Say why not; raise what this gives."""
    typer.echo(sentence, err=True)
    return typer.Exit(1)


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Office]:
    database = Database(settings.database_url)
    try:
        yield Office(settings, database, Vault(database, settings.master_keyring))
    finally:
        await database.close()
