"""In which columns of the database personal data lie in clear: those that the documents name, no others."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from records.database import Database
from tests.running.personal import ORGANISATION, Personal
from tests.running.stack import Stack
from tests.system.columns import columns_of, columns_with

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
IN_CLEAR = re.compile(r"^\| `(\w+\.\w+\.\w+)` \|", re.MULTILINE)
PLANTED = "somebody.planted@example.jp"
PLANTS = {
    "records.audit_entries.facts": "jsonb_build_object('to', CAST(:word AS text))",
    "records.mailings.refusal": "'550 no such user ' || :word",
    "records.seen_keys.spki_sha256": "convert_to(CAST(:word AS text), 'UTF8')",
}
"""Columns in which somebody's address could come to lie, and as what."""


@pytest.mark.usefixtures("complete")
async def test_personal_data_lie_in_clear_where_the_documents_say_so_and_nowhere_else(stack: Stack) -> None:
    operators = f"{stack.ready['operator']['username']}@lra.example.jp"
    personal = Personal(stack.handed_out, await stack.mailbox.mails())
    found = await columns_with(stack.ready["database"], {*personal.words, *ORGANISATION, operators})
    assert found == set(IN_CLEAR.findall(SECURITY.read_text(encoding="utf-8")))


@pytest.mark.usefixtures("complete")
async def test_an_address_that_is_planted_is_found(stack: Stack) -> None:
    database = Database(stack.ready["database"])
    async with database.engine.connect() as connection:
        # Rolled back in the end: nobody else ever sees it.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert await columns_of(connection, {PLANTED}) == set()
        for column, planted in PLANTS.items():
            table, _dot, name = column.rpartition(".")
            somewhere = f"(SELECT min(ctid) FROM {table})"  # noqa: S608
            statement = f"UPDATE {table} SET {name} = {planted} WHERE ctid = {somewhere}"  # noqa: S608
            await connection.execute(text(statement), {"word": PLANTED})
        found = await columns_of(connection, {PLANTED})
        await connection.rollback()
    await database.close()
    assert found == set(PLANTS)
