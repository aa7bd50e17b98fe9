"""The vault: one data key per enrolment, wrapped by a master key outside the database."""

import asyncio
import os

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, update

from records.database import Database
from records.tables import DataKey
from records.vault import Erased, KeyMissing, MasterKeyMissing, Vault

MASTER = {1: os.urandom(32)}


async def test_what_is_sealed_opens_in_another_process(database: Database) -> None:
    sealed = await Vault(database, MASTER).seal("A", "髙橋".encode(), b"name")
    assert "髙橋".encode() not in sealed
    assert await Vault(database, MASTER).open("A", sealed, b"name") == "髙橋".encode()


async def test_a_sealed_value_is_bound_to_its_enrolment_and_its_context(database: Database) -> None:
    vault = Vault(database, MASTER)
    sealed = await vault.seal("A", b"secret", b"name")
    await vault.key_of("B")
    with pytest.raises(InvalidTag):
        await vault.open("B", sealed, b"name")
    with pytest.raises(InvalidTag):
        await vault.open("A", sealed, b"address")
    with pytest.raises(KeyMissing):
        await vault.open("C", sealed, b"name")


async def test_two_processes_make_one_key(database: Database) -> None:
    vaults = [Vault(database, MASTER) for _ in range(8)]
    keys = await asyncio.gather(*(vault.key_of("A") for vault in vaults))
    assert len({key.key_id for key in keys}) == 1
    async with database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(DataKey)) == 1


async def test_a_shredded_key_is_gone_and_no_new_one_is_made(database: Database) -> None:
    sealed = await Vault(database, MASTER).seal("A", b"secret", b"name")
    async with database.begin() as session:
        await session.execute(update(DataKey).values(wrapped=None))
    vault = Vault(database, MASTER)
    with pytest.raises(Erased):
        await vault.open("A", sealed, b"name")
    with pytest.raises(Erased):
        await vault.seal("A", b"more", b"name")


async def test_an_older_master_key_still_opens_and_a_missing_one_is_named(database: Database) -> None:
    sealed = await Vault(database, MASTER).seal("A", b"secret", b"name")
    rotated = {2: os.urandom(32), **MASTER}
    assert await Vault(database, rotated).open("A", sealed, b"name") == b"secret"
    with pytest.raises(MasterKeyMissing, match="lacks key 1"):
        await Vault(database, {2: rotated[2]}).open("A", sealed, b"name")
