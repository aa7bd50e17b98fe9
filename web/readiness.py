"""`/healthz` (the process is alive) and `/readyz` (it can serve; names what is missing)."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from records.missing import Missing
from records.preparation import DATABASE_AWAY, Preparation
from telemetry.counterparts import Counterpart, Counterparts
from telemetry.gauges import Reach
from web.house import House, house_of

router = APIRouter()

PATIENCE_SECONDS = 3.0

_TEMPORAL_AWAY = Missing("temporal", "Temporal does not answer.")


def install(app: FastAPI) -> None:
    """Remember what is found about the database for as long as the process runs."""
    app.state.preparation = Preparation(app.state.house.database, app.state.house.settings)


def reach(app: FastAPI) -> Reach:
    """What the metrics tell of whether the front gets to its counterparts."""
    preparation: Preparation = app.state.preparation
    house: House = app.state.house
    asked = {Counterpart.DATABASE: preparation.missing, Counterpart.TEMPORAL: house.desk.missing}
    return Reach(Counterparts(asked), asked)


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Alive."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """200 when the database is there and migrated and the engine takes what we send it, otherwise 503."""
    preparation: Preparation = request.app.state.preparation
    found = await asyncio.gather(
        _told(preparation.missing(), DATABASE_AWAY), _told(house_of(request).desk.missing(), _TEMPORAL_AWAY)
    )
    missing = [each for each in found if each is not None]
    if not missing:
        return JSONResponse({"status": "ready", "missing": []})
    told = {"missing": [each.name for each in missing], "told": [each.sentence for each in missing]}
    return JSONResponse({"status": "not ready"} | told, 503)


async def _told(question: Awaitable[Missing | None], away: Missing) -> Missing | None:
    """Give a check's answer; one that does not answer in time, or fails in any way, finds nobody there."""
    try:
        return await asyncio.wait_for(question, PATIENCE_SECONDS)
    except Exception:  # noqa: BLE001 - the counterpart's absence has many exception types
        return away
