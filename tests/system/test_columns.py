"""In which columns of the database personal data lie in clear: those that the documents name, no others."""

import re
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database
from tests.running.personal import ORGANISATION, Personal
from tests.running.stack import Stack

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
IN_CLEAR = re.compile(r"^\| `(\w+\.\w+\.\w+)` \|", re.MULTILINE)


@pytest.mark.usefixtures("complete")
async def test_personal_data_lie_in_clear_where_the_documents_say_so_and_nowhere_else(stack: Stack) -> None:
    operators = f"{stack.ready['operator']['username']}@lra.example.jp"
    personal = Personal(stack.handed_out, await stack.mailbox.mails())
    words = {*personal.words, *ORGANISATION, operators}
    database = Database(stack.ready["database"])
    async with database.engine.connect() as connection:
        columns = await _columns(connection)
        found = {column for column in columns if await _holds(connection, column, words)}
    await database.close()
    assert found == set(IN_CLEAR.findall(SECURITY.read_text(encoding="utf-8")))


async def _columns(connection: AsyncConnection) -> list[str]:
    """Every column of every table that is not PostgreSQL's own, as schema.table.column."""

    def read(synchronous: object) -> list[str]:
        inspector = inspect(synchronous)
        assert inspector is not None
        return [
            f"{schema}.{table}.{column['name']}"
            for schema in inspector.get_schema_names()
            if schema != "information_schema"
            for table in inspector.get_table_names(schema)
            for column in inspector.get_columns(table, schema)
        ]

    columns = await connection.run_sync(read)
    assert {column.split(".")[0] for column in columns} >= {"records", "local_ca"}
    return columns


async def _holds(connection: AsyncConnection, column: str, words: set[str]) -> bool:
    """Whether a column has one of the words in clear, as text or in bytes."""
    table, _dot, name = column.rpartition(".")
    patterns = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    query = text(f'SELECT EXISTS (SELECT 1 FROM {table} WHERE "{name}"::text LIKE ANY (:patterns))')  # noqa: S608
    return bool(await connection.scalar(query, {"patterns": patterns}))
