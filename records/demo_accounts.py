"""The accounts that the demo commands make, which must let nobody into a production system."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from records.missing import Missing
from records.operator_tables import OperatorRow
from records.tables import ApiKey

DEMO = "demo"
"""The name of the API keys that the demo commands make, and as whom they act in the audit trail."""
DEMO_DOMAIN = "lra.example.jp"
"""Where the demo's operator has an address; nobody can have one there, `example.jp` is reserved."""


async def missing(session: AsyncSession) -> Missing | None:
    """Name what they made and what still lets somebody in."""
    named = select(ApiKey.key_id).where(ApiKey.name == DEMO, ApiKey.revoked_at.is_(None))
    keys = (await session.scalars(named.order_by(ApiKey.key_id))).all()
    placed = select(OperatorRow.username).where(OperatorRow.email.endswith(f"@{DEMO_DOMAIN}"))
    enabled = placed.where(OperatorRow.disabled_at.is_(None)).order_by(OperatorRow.username)
    ways_out = [f"`jcan api-keys revoke {key}`" for key in keys]
    ways_out += [f"`jcan operators disable {name}`" for name in (await session.scalars(enabled)).all()]
    if not ways_out:
        return None
    return Missing("demo_accounts", f"The demo's accounts still let people in: {', '.join(ways_out)}.")
