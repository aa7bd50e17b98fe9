"""Who calls the API: a bearer key (RFC 6750) opens one tenant, so many times a minute."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.tenant import Tenant
from records import api_keys, limits
from records.limits import Limit
from web.api_problems import ApiProblem
from web.house import house_of
from web.safety import network_of

CALLS_PER_KEY = Limit("api_key", 600, timedelta(minutes=1))
LINKS_PER_KEY = Limit("api_launch_link", 120, timedelta(minutes=1))
STRANGERS_PER_NETWORK = Limit("api_stranger", 60, timedelta(minutes=1))

_KEY_MAXIMUM = 200

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="A tenant's API key. The registration authority's operator makes one: "
    "`jcan api-keys create TENANT`.",
)


@dataclass(frozen=True)
class Caller:
    """The e-contract service that calls: whose key it showed."""

    tenant: Tenant
    key_id: str


async def caller_of(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who calls. Raises ApiProblem: `unauthorized`, `too-many-requests`."""
    house = house_of(request)
    secret = house.settings.digest_key
    key = given.credentials if given is not None else ""
    async with house.database.begin() as session:
        row = await api_keys.tenant_of(session, secret, key) if 0 < len(key) <= _KEY_MAXIMUM else None
        tenant = house.tenants.get(row.tenant) if row is not None else None
        if row is not None and tenant is not None:
            waiting = await limits.take(session, CALLS_PER_KEY, row.key_id, secret)
        else:
            waiting = await limits.take(session, STRANGERS_PER_NETWORK, network_of(request), secret)
    if waiting is not None:
        raise too_many(waiting)
    if row is None or tenant is None:
        raise ApiProblem("unauthorized", headers={"WWW-Authenticate": 'Bearer realm="jcan"'})
    return Caller(tenant, row.key_id)


CallerOfRequest = Annotated[Caller, Depends(caller_of)]


async def count(request: Request, limit: Limit, caller: Caller) -> None:
    """Count one use of something of its own limit. Raises ApiProblem."""
    house = house_of(request)
    async with house.database.begin() as session:
        waiting = await limits.take(session, limit, caller.key_id, house.settings.digest_key)
    if waiting is not None:
        raise too_many(waiting)


def too_many(waiting: timedelta) -> ApiProblem:
    """The problem that says when to go on (RFC 9110, 10.2.3)."""
    seconds = max(1, math.ceil(waiting.total_seconds()))
    return ApiProblem("too-many-requests", headers={"Retry-After": str(seconds)})
