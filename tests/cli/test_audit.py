"""`jcan audit` as an auditor types it: honest exit codes, and a sentence that says what was done."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from records import audit
from records.database import Database
from tests.cli.conftest import Typed

LENGTH = 5
UNGUARDED = "SET LOCAL session_replication_role = replica"
"""What only a superuser of the database can say: triggers and foreign keys do not count."""

CHANGED = ["UPDATE records.audit_entries SET actor = 'nobody' WHERE facts->>'number' = '2'"]
REMOVED = ["DELETE FROM records.audit_entries WHERE facts->>'number' = '2'"]
CUT = [
    "DELETE FROM records.audit_chain WHERE position > 3",
    "DELETE FROM records.audit_entries WHERE sequence NOT IN (SELECT sequence FROM records.audit_chain)",
]


@pytest.fixture
async def trail(database: Database) -> Database:
    """A trail of `LENGTH` entries."""
    for number in range(LENGTH):
        async with database.begin() as session:
            await audit.add(session, audit.entry_now("operator:cli", "step", number=number))
    return database


async def kept(typed: Typed, tmp_path: Path, *words: str) -> str:
    """What a command prints, kept elsewhere; the file's name."""
    file = tmp_path / words[0]
    file.write_text((await typed("audit", *words)).stdout, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (CHANGED, "the entry at position 3 was changed"),
        (REMOVED, "the entry at position 3 is missing"),
        (CUT, "the trail ends at position 3"),
    ],
)
async def test_a_row_that_was_changed_removed_or_cut_off_is_told_with_exit_code_1(
    typed: Typed, trail: Database, tmp_path: Path, statements: list[str], sentence: str
) -> None:
    head = await kept(typed, tmp_path, "head")
    intact = await typed("audit", "verify", "--head", head)
    assert (intact.exit_code, intact.stdout) == (0, f"Intact: {LENGTH} entries, and what 1 heads say.\n")
    async with trail.begin() as session:
        for statement in (UNGUARDED, *statements):
            await session.execute(text(statement))
    broken = await typed("audit", "verify", "--head", head)
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert f"Not intact: {sentence}" in broken.stderr


async def test_without_a_head_from_elsewhere_a_cut_end_cannot_be_seen(typed: Typed, trail: Database) -> None:
    async with trail.begin() as session:
        for statement in (UNGUARDED, *CUT):
            await session.execute(text(statement))
    assert (await typed("audit", "verify")).stdout == "Intact: 3 entries.\n"


async def test_an_export_is_the_whole_trail_with_its_head_and_verifies_like_one(
    typed: Typed, trail: Database, tmp_path: Path
) -> None:
    printed = (await typed("audit", "export")).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["entry"]["facts"]["number"] for line in lines[:-1]] == list(range(LENGTH))
    assert lines[-1]["head"]["position"] == LENGTH
    export = await kept(typed, tmp_path, "export")
    assert (await typed("audit", "verify", "--head", export)).exit_code == 0
    async with trail.begin() as session:
        for statement in (UNGUARDED, *CUT):
            await session.execute(text(statement))
    assert "ends at position 3" in (await typed("audit", "verify", "--head", export)).stderr


@pytest.mark.parametrize("content", ["", "junk", '{"position": 1}'])
async def test_a_file_without_a_head_is_refused(typed: Typed, tmp_path: Path, content: str) -> None:
    file = tmp_path / "file"
    file.write_text(content, encoding="utf-8")
    refused = await typed("audit", "verify", "--head", str(file))
    assert refused.exit_code == 1
    assert "no head of an audit trail" in refused.stderr
