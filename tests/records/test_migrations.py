"""The migrations make exactly the tables that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from records.database import Database
from records.migrate import upgrade
from records.revision import present_revision
from records.tables import Base


def test_the_migrated_database_has_the_declared_tables(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.connect() as connection:
        options = {"include_schemas": True, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


async def test_migrating_again_changes_nothing(database_url: str, database: Database) -> None:
    upgrade(database_url)
    async with database.begin() as session:
        assert (await present_revision(session)).is_current
