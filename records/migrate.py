"""`python -m records.migrate`: bring the database to this version's tables; done again it changes nothing."""

import sys
from argparse import ArgumentParser

from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from records.revision import config, driver, present
from settings import SettingsError, load_database_settings

LOCK = "SELECT pg_advisory_xact_lock(hashtext('jcan-grants'))"
SCHEMAS = """
    SELECT nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') ORDER BY nspname
"""


class Newer(Exception):
    """The database was migrated by a newer version; the text is a sentence."""


def upgrade(url: str, application: str | None = None) -> None:
    """Run every migration that the database lacks, and let the role `application` work with its tables.

    Of several that run at the same moment one migrates, and the others find it done. Raises Newer.
    """
    engine = create_engine(driver(url), poolclass=NullPool)
    with engine.connect() as connection:
        before = present(connection)
    if before.is_newer:
        raise Newer(before.sentence)
    command.upgrade(config(url), "head")
    if application is not None:
        with engine.begin() as connection:
            # Two that grant the same at the same moment would get into each other's way.
            connection.execute(text(LOCK))
            grant(connection, application)


def grant(connection: Connection, application: str) -> None:
    """Let a role read and write every table, only add to the audit trail, and change no table's definition.

    Done again it takes away what was given beyond that.
    """
    role = quoted_name(connection, application)
    ours = connection.scalars(text(SCHEMAS)).all()
    schemas = ", ".join(quoted_name(connection, schema) for schema in ours)
    for statement in (
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schemas}, public FROM {role}",
        f"GRANT USAGE ON SCHEMA {schemas} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schemas} TO {role}",
        f"REVOKE UPDATE, DELETE ON records.audit_entries, records.audit_chain FROM {role}",
        f"GRANT SELECT ON alembic_version TO {role}",
    ):
        connection.execute(text(statement))


def quoted_name(connection: Connection, name: str) -> str:
    """Give the name of a role or schema as SQL writes it."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def main() -> int:
    """Migrate the database that JCAN_DATABASE_URL names."""
    arguments = ArgumentParser(prog="python -m records.migrate", description=__doc__)
    arguments.add_argument("--application", metavar="ROLE", help="let this role work with the tables")
    application: str | None = arguments.parse_args().application
    try:
        url = load_database_settings().database_url
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        upgrade(url, application)
    except Newer as error:
        print(error, file=sys.stderr)
        return 1
    except OperationalError as error:
        print(f"The database cannot be reached or written to ({type(error.orig).__name__}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
