"""Whether the database is ready for a process of this version to work with it."""

from records import demo_accounts
from records.database import Database
from records.missing import Missing
from records.revision import present_revision
from settings import Settings

DATABASE_AWAY = Missing("database", "The database cannot be reached at JCAN_DATABASE_URL.")


class Preparation:
    """Looks at the database on behalf of one process, for as long as it runs."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Take the database, and whether this is production."""
        self._database = database
        self._production = settings.profile == "production"
        self._was_current = False

    async def missing(self) -> Missing | None:
        """Say what keeps this process from working with the database; raise what the database raises.

        A database that became newer while the process runs does not: that is a new version being brought in
        beside it, and a migration leaves the version before at work (docs/operations.md).
        """
        async with self._database.begin() as session:
            revision = await present_revision(session)
            if not revision.is_current and not (revision.is_newer and self._was_current):
                return revision.missing
            self._was_current = True
            return await demo_accounts.missing(session) if self._production else None
