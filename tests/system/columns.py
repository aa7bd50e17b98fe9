"""In which columns of a running stack's database certain words lie in clear."""

from collections.abc import Iterable

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import Database


async def columns_with(url: str, words: Iterable[str]) -> set[str]:
    """The columns, as schema.table.column, that hold one of the words in clear, as text or in bytes."""
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            return await columns_of(connection, words)
    finally:
        await database.close()


async def columns_of(connection: AsyncConnection, words: Iterable[str]) -> set[str]:
    """The same as a connection sees it, in the middle of its transaction."""
    patterns = [f"%{form}%" for word in words for form in _forms(word)]
    return {column for column in await _columns(connection) if await _holds(connection, column, patterns)}


def _forms(word: str) -> set[str]:
    """How a word looks in the text of a column: as it is, as JSON escapes it, in the bytes of a bytea."""
    escaped = word.encode("ascii", "backslashreplace").decode()
    return {word, word.encode().hex(), escaped.replace("\\", "\\\\")}


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


async def _holds(connection: AsyncConnection, column: str, patterns: list[str]) -> bool:
    table, _dot, name = column.rpartition(".")
    query = text(f'SELECT EXISTS (SELECT 1 FROM {table} WHERE "{name}"::text LIKE ANY (:patterns))')  # noqa: S608
    return bool(await connection.scalar(query, {"patterns": patterns}))
