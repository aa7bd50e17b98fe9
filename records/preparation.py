"""Whether the database is ready for a process of this version to work with it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from records.database import Database
from records.missing import Missing
from records.operator_tables import OperatorRow
from records.revision import present_revision
from records.tables import ApiKey
from settings import Settings

DEMO = "demo"
"""The name of the API keys that the demo commands make, and as whom they act in the audit trail."""
DEMO_DOMAIN = "lra.example.jp"
"""Where the demo's operator has an address; nobody can have one there, `example.jp` is reserved."""

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
            return await _demo_accounts(session) if self._production else None


async def _demo_accounts(session: AsyncSession) -> Missing | None:
    """Name what the demo commands made and what still lets somebody in."""
    named = select(ApiKey.key_id).where(ApiKey.name == DEMO, ApiKey.revoked_at.is_(None))
    keys = (await session.scalars(named.order_by(ApiKey.key_id))).all()
    placed = select(OperatorRow.username).where(OperatorRow.email.endswith(f"@{DEMO_DOMAIN}"))
    enabled = placed.where(OperatorRow.disabled_at.is_(None)).order_by(OperatorRow.username)
    ways_out = [f"`jcan api-keys revoke {key}`" for key in keys]
    ways_out += [f"`jcan operators disable {name}`" for name in (await session.scalars(enabled)).all()]
    if not ways_out:
        return None
    return Missing("demo_accounts", f"The demo's accounts still let people in: {', '.join(ways_out)}.")
