"""Another master key takes over while everything goes on."""

import os

import pytest

from records import erasure
from records.database import Database
from records.vault import Erased, MasterKeyMissing, Vault

OLD, NEW = os.urandom(32), os.urandom(32)


async def test_after_rewrapping_the_old_master_key_is_not_needed(database: Database) -> None:
    before = Vault(database, {1: OLD})
    sealed = {name: await before.seal(name, name.encode(), b"name") for name in "ABCDE"}
    during = Vault(database, {2: NEW, 1: OLD})
    new = await during.seal("F", b"F", b"name")

    assert [await during.rewrap(most=3), await during.rewrap(most=3), await during.rewrap(most=3)] == [
        3,
        2,
        0,
    ]

    after = Vault(database, {2: NEW})
    for name, value in (sealed | {"F": new}).items():
        assert await after.open(name, value, b"name") == name.encode()
        assert await before.open(name, value, b"name") == name.encode() if name != "F" else True
    with pytest.raises(MasterKeyMissing):
        await Vault(database, {1: OLD}).open("A", sealed["A"], b"name")


async def test_a_key_whose_master_is_missing_is_named_and_a_shredded_one_left(database: Database) -> None:
    await Vault(database, {1: OLD}).key_of("A")
    with pytest.raises(MasterKeyMissing, match="lacks key 1"):
        await Vault(database, {2: NEW}).rewrap()
    async with database.begin() as session:
        assert await erasure.shred(session, "A", "operator:cli")
    assert await Vault(database, {2: NEW}).rewrap() == 0
    with pytest.raises(Erased):
        await Vault(database, {2: NEW}).key_of("A")
