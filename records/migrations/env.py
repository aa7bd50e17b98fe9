"""Alembic's entry: run the migrations over one plain connection."""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from records.tables import Base

with create_engine(context.config.attributes["url"], poolclass=NullPool).connect() as connection:
    # Several processes may start at the same moment: one migrates, the others wait and find it done.
    connection.execute(text("SELECT pg_advisory_lock(hashtext('jcan-migrations'))"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()
