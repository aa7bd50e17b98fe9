"""In which columns of the database personal data lie in clear: only in those that the documents name."""

import re
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database
from tests.running.enrolling import AGENT, TARO, Enrolling, People
from tests.running.stack import Stack

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
IN_CLEAR = re.compile(r"^\| `(\w+\.\w+\.\w+)` \|", re.MULTILINE)


async def test_personal_data_lie_in_clear_only_where_the_documents_say_so(
    stack: Stack, people: People
) -> None:
    principal = await people.new()
    await principal.open()
    await principal.submit()
    await principal.mail("issued")
    rejected = await people.new(tenant="contracthub", company_code="contracthub")
    await rejected.open()
    await rejected.fill_in()
    words = {*_of(principal), *_of(rejected)}
    database = Database(stack.ready["database"])
    async with database.engine.connect() as connection:
        found = {column for column in await _columns(connection) if await _holds(connection, column, words)}
    await database.close()
    documented = set(IN_CLEAR.findall(SECURITY.read_text(encoding="utf-8")))
    assert found - documented == set()


def _of(applicant: Enrolling) -> set[str]:
    names = {TARO[name] for name in ("family_name", "family_name_latin", "phone")}
    return {applicant.email, applicant.ticket, AGENT["agent_name"]} | names


async def _columns(connection: AsyncConnection) -> list[str]:
    """Every column of ours, as schema.table.column."""

    def read(synchronous: object) -> list[str]:
        inspector = inspect(synchronous)
        assert inspector is not None
        return [
            f"{schema}.{table}.{column['name']}"
            for schema in ("records", "local_ca")
            for table in inspector.get_table_names(schema)
            for column in inspector.get_columns(table, schema)
        ]

    return await connection.run_sync(read)


async def _holds(connection: AsyncConnection, column: str, words: set[str]) -> bool:
    """Whether a column has one of the words in clear, as text or in bytes."""
    table, _dot, name = column.rpartition(".")
    patterns = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    query = text(f'SELECT EXISTS (SELECT 1 FROM {table} WHERE "{name}"::text LIKE ANY (:patterns))')  # noqa: S608
    return bool(await connection.scalar(query, {"patterns": patterns}))
