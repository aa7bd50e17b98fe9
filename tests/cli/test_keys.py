"""`jcan keys rewrap`: another master key takes over as the command's help says, and nothing stands still."""

import base64
import os

import pytest

from records.database import Database
from records.vault import Vault
from settings import Settings, parse_keyring
from tests.cli.conftest import Typed
from tests.web.console.conftest import actions

NEW = f"2:{base64.urlsafe_b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def old(settings: Settings) -> str:
    """The keyring before."""
    return settings.master_keys.get_secret_value()


async def test_step_by_step_whoever_runs_reads_and_writes_and_in_the_end_the_old_key_is_not_needed(
    typed: Typed, database: Database, old: str
) -> None:
    def process(*keyring: str) -> Vault:
        return Vault(database, parse_keyring(",".join(keyring)))

    async def read_by(*processes: Vault) -> bool:
        return all(
            [
                await each.open(name, text, b"x") == name.encode()
                for each in processes
                for name, text in sealed.items()
            ]
        )

    sealed = {"A": await process(old).seal("A", b"A", b"x")}
    # The new key behind the old one: some processes have it already, others not yet.
    assert await read_by(process(old), process(old, NEW))
    # The new one first: it wraps what is new from here on, and who runs with the old one first reads it too.
    sealed["B"] = await process(NEW, old).seal("B", b"B", b"x")
    assert await read_by(process(old, NEW), process(NEW, old))
    wrapped = await typed("keys", "rewrap", JCAN_MASTER_KEYS=f"{NEW},{old}")
    assert wrapped.stdout == "Wrapped anew: 1.\n"
    assert await read_by(process(old, NEW), process(NEW, old), process(NEW))
    assert (await typed("keys", "rewrap", JCAN_MASTER_KEYS=NEW)).stdout == "Wrapped anew: 0.\n"
    assert ("operator:cli", "keys_rewrapped") in await actions(database)


async def test_a_key_that_was_taken_out_too_early_is_named(
    typed: Typed, database: Database, old: str
) -> None:
    await Vault(database, parse_keyring(old)).key_of("A")
    refused = await typed("keys", "rewrap", JCAN_MASTER_KEYS=NEW)
    assert refused.exit_code == 1
    assert "JCAN_MASTER_KEYS lacks key 1: give it back" in refused.stderr
