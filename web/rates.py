"""How often people may do what costs something, and what they are told when it was too often."""

import math
from collections.abc import Mapping
from datetime import timedelta

from fastapi import Response

from records import limits
from records.limits import Limit
from web.house import House
from web.i18n import _, wait

# Generous for an office behind one address with an agent who enters ten people in a row.
PICTURES_PER_NETWORK = Limit("picture", 600, timedelta(hours=1))
CHECKS_PER_NETWORK = Limit("registration_check", 600, timedelta(hours=1))
REGISTRATIONS_PER_TICKET = Limit("registration_ticket", 6, timedelta(hours=1))
REGISTRATIONS_PER_ADDRESS = Limit("registration_address", 60, timedelta(hours=1))
REGISTRATIONS_PER_NETWORK = Limit("registration_network", 300, timedelta(hours=1))

REVOCATIONS_PER_ADDRESS = (
    Limit("revocation_address_minute", 1, timedelta(minutes=1)),
    Limit("revocation_address_day", 5, timedelta(days=1)),
)
REVOCATIONS_PER_NETWORK = Limit("revocation_network", 60, timedelta(hours=1))
REVOCATION_CHECKS_PER_NETWORK = Limit("revocation_check", 600, timedelta(hours=1))


async def take(house: House, uses: Mapping[Limit, str]) -> timedelta | None:
    """Count one use of each limit by its key, in one transaction; nothing counts if one is refused.

    Gives None if all are allowed, otherwise the longest wait.
    """
    waits = []
    async with house.database.begin() as session:
        for limit, key in uses.items():
            waiting = await limits.take(session, limit, key, house.settings.digest_key)
            if waiting is not None:
                waits.append(waiting)
        if waits:
            await session.rollback()
    return max(waits, default=None)


def too_often(period: timedelta) -> str:
    """The sentence that says when to try again."""
    return _("操作の回数が上限を超えました。%(wait)s後にもう一度お試しください", wait=wait(period))


def retry_after(response: Response, period: timedelta) -> Response:
    """`response` with the Retry-After header (RFC 9110, 10.2.3)."""
    response.headers["Retry-After"] = str(max(1, math.ceil(period.total_seconds())))
    return response
