"""`/healthz` (the process is alive) and `/readyz` (it can serve; names what is missing)."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from records.migrate import is_current
from web.house import House, house_of

router = APIRouter()

PATIENCE_SECONDS = 3.0


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Alive."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """200 when the database is there and migrated and the engine answers, otherwise 503."""
    house = house_of(request)
    database, temporal = await asyncio.gather(_database(house), _holds(house.desk.reachable()))
    missing = database if temporal else [*database, "temporal"]
    status = "not ready" if missing else "ready"
    return JSONResponse({"status": status, "missing": missing}, 503 if missing else 200)


async def _database(house: House) -> list[str]:
    """What the database lacks: itself, or the migrations of this version."""
    current: list[bool] = []

    async def look() -> bool:
        async with house.database.begin() as session:
            current.append(await is_current(session))
        return True

    if not await _holds(look()):
        return ["database"]
    return [] if current == [True] else ["migrations"]


async def _holds(check: Awaitable[bool]) -> bool:
    """Whether a check answers yes in time; a check that fails in any way has answered no."""
    try:
        return await asyncio.wait_for(check, PATIENCE_SECONDS)
    except Exception:  # noqa: BLE001 - the counterpart's absence has many exception types
        return False
