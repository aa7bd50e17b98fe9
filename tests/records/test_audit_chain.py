"""The audit trail cannot be changed by the application, and shows it when somebody else has changed it."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from records import audit, audit_chain
from records.audit import Entry
from records.audit_chain import Broken, Head
from records.database import Database
from records.tables import AuditLink
from settings import Settings

LENGTH = 6
UNGUARDED = "SET LOCAL session_replication_role = replica"
"""What only a superuser of the database can say: triggers and foreign keys do not count."""


def entry(number: int, **facts: audit.Fact) -> Entry:
    """An entry of its own."""
    return Entry(
        key=f"0123456789ABC.step.{number}",
        at=datetime(2026, 11, 24, 12, number, 0, 1, UTC),
        actor="workflow",
        action="step",
        reference="0123456789ABC",
        tenant="leopalace",
        facts={"number": number, "name": "審査", "last": False, "none": None} | facts,
    )


@pytest.fixture
async def trail(database: Database) -> Database:
    """A trail of `LENGTH` entries."""
    for number in range(LENGTH):
        async with database.begin() as session:
            await audit.add(session, entry(number))
    return database


async def verified(database: Database, *heads: Head) -> int:
    """Verify the trail."""
    async with database.begin() as session:
        return await audit_chain.verify(session, *heads)


async def signed_head(database: Database, keyring: Mapping[int, bytes]) -> Head:
    """The trail's head."""
    async with database.begin() as session:
        return await audit_chain.head(session, keyring)


async def tamper(database: Database, *statements: str) -> None:
    """Do to the trail what a superuser can."""
    async with database.begin() as session:
        await session.execute(text(UNGUARDED))
        for statement in statements:
            await session.execute(text(statement))


async def test_what_was_written_is_intact(trail: Database, settings: Settings) -> None:
    head = await signed_head(trail, settings.audit_keyring)
    audit_chain.check_signature(head, settings.audit_keyring)
    assert await verified(trail, head) == LENGTH


async def test_an_empty_trail_is_intact(database: Database, settings: Settings) -> None:
    assert await verified(database, await signed_head(database, settings.audit_keyring)) == 0


async def test_the_same_key_again_is_one_entry_and_one_link(trail: Database) -> None:
    async with trail.begin() as session:
        await audit.add(session, entry(0), entry(0, more="x"), entry(LENGTH))
    assert await verified(trail) == LENGTH + 1


async def test_what_is_rolled_back_leaves_no_link(trail: Database) -> None:
    async with trail.begin() as session:
        await audit.add(session, entry(LENGTH))
        await session.rollback()
    assert await verified(trail) == LENGTH


@pytest.mark.parametrize("table", ["audit_entries", "audit_chain"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE records.{} SET sequence = sequence", "DELETE FROM records.{}", "TRUNCATE records.{} CASCADE"],
)
async def test_the_application_can_neither_change_nor_remove(
    trail: Database, table: str, statement: str
) -> None:
    with pytest.raises(ProgrammingError):
        async with trail.begin() as session:
            await session.execute(text(statement.format(table)))
    assert await verified(trail) == LENGTH


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'operator:somebody'",
        "action = 'step2'",
        "reference = NULL",
        "at = at + interval '1 microsecond'",
        'facts = facts || \'{"name": "却下"}\'',
        "key = 'other'",
    ],
)
async def test_a_changed_row_is_found(trail: Database, change: str) -> None:
    await tamper(trail, f"UPDATE records.audit_entries SET {change} WHERE facts->>'number' = '2'")  # noqa: S608
    with pytest.raises(Broken, match="position 3 was changed"):
        await verified(trail)


async def test_a_changed_row_with_a_digest_made_anew_is_found(trail: Database) -> None:
    changed = entry(2).model_copy(update={"actor": "operator:somebody"})
    digest = audit.digest_of(changed).hex()
    await tamper(
        trail,
        "UPDATE records.audit_entries SET actor = 'operator:somebody' WHERE facts->>'number' = '2'",
        f"UPDATE records.audit_entries SET digest = '\\x{digest}' WHERE facts->>'number' = '2'",  # noqa: S608
    )
    with pytest.raises(Broken, match="chain is broken at position 3"):
        await verified(trail)


async def test_a_removed_row_is_found(trail: Database) -> None:
    await tamper(trail, "DELETE FROM records.audit_entries WHERE facts->>'number' = '2'")
    with pytest.raises(Broken, match="position 3 is missing"):
        await verified(trail)


async def test_a_row_removed_with_its_link_is_found(trail: Database) -> None:
    await tamper(
        trail,
        "DELETE FROM records.audit_chain WHERE position = 3",
        "DELETE FROM records.audit_entries WHERE facts->>'number' = '2'",
    )
    with pytest.raises(Broken, match="positions 3 to 3 are missing"):
        await verified(trail)


async def test_a_row_put_in_beside_the_chain_is_found(trail: Database) -> None:
    async with trail.begin() as session:
        await session.execute(text(UNGUARDED))
        await audit.add(session, entry(LENGTH))
    with pytest.raises(Broken, match="outside the chain"):
        await verified(trail)


async def test_a_cut_tail_is_found_by_a_head_that_was_kept(trail: Database, settings: Settings) -> None:
    head = await signed_head(trail, settings.audit_keyring)
    await tamper(
        trail,
        "DELETE FROM records.audit_chain WHERE position > 4",
        "DELETE FROM records.audit_entries WHERE (facts->>'number')::int >= 4",
    )
    assert await verified(trail) == 4
    with pytest.raises(Broken, match="ends at position 4"):
        await verified(trail, head)


async def test_a_trail_that_was_written_anew_is_found_by_a_head_that_was_kept(
    trail: Database, settings: Settings
) -> None:
    early = await signed_head(trail, settings.audit_keyring)
    await tamper(
        trail,
        "DELETE FROM records.audit_chain WHERE position > 4",
        "DELETE FROM records.audit_entries WHERE (facts->>'number')::int >= 4",
    )
    async with trail.begin() as session:
        await audit.add(session, entry(10), entry(11), entry(12))
    assert await verified(trail) == 7
    with pytest.raises(Broken, match="position 6 is not the one"):
        await verified(trail, early)


@pytest.mark.parametrize(
    "change",
    [{"position": 4}, {"hash": "00" * 32}, {"at": datetime.now(UTC)}, {"signature": "AAAA"}, {"key": 9}],
)
async def test_a_head_that_we_did_not_sign_is_refused(
    trail: Database, settings: Settings, change: dict[str, object]
) -> None:
    head = await signed_head(trail, settings.audit_keyring)
    with pytest.raises(Broken):
        audit_chain.check_signature(head.model_copy(update=change), settings.audit_keyring)


async def test_a_head_stays_good_when_the_key_is_followed_by_another(
    trail: Database, settings: Settings
) -> None:
    head = await signed_head(trail, settings.audit_keyring)
    audit_chain.check_signature(head, {2: bytes(32)} | settings.audit_keyring)
    assert (await signed_head(trail, {2: bytes(32)} | settings.audit_keyring)).key == 2


async def test_a_head_is_read_back_from_an_export(trail: Database, settings: Settings) -> None:
    head = await signed_head(trail, settings.audit_keyring)
    async with trail.begin() as session:
        lines = [link.line() async for link in audit_chain.links(session)]
    exported = "\n".join([*lines, f'{{"head":{head.model_dump_json()}}}'])
    [read] = audit_chain.read_heads(exported)
    audit_chain.check_signature(read, settings.audit_keyring)
    assert read == head
    with pytest.raises(ValueError, match="no head"):
        audit_chain.read_heads("\n".join(lines))


async def test_many_at_once_make_one_chain_and_nobody_waits_for_each_other(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.begin() as session:
            await audit.add(
                session, entry(number % 60, other=number).model_copy(update={"key": f"a{number}"})
            )
            await audit.add(session, entry(number % 60).model_copy(update={"key": f"b{number}"}))

    async with asyncio.timeout(30):
        await asyncio.gather(*(write(number) for number in range(100)))
    assert await verified(database) == 200


async def test_the_chain_is_what_its_description_says(trail: Database) -> None:
    async with trail.begin() as session:
        links = (await session.scalars(select(AuditLink).order_by(AuditLink.position))).all()
    expected = b""
    for number, link in enumerate(links):
        expected = hashlib.sha256(expected + audit.digest_of(entry(number))).digest()
        assert link.hash == expected
