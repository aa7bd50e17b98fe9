"""An e-contract service that calls the API, over the tests' web front."""

from typing import Any

import httpx
from fastapi import FastAPI

from records import api_keys
from records.database import Database
from settings import Settings
from tests.web.conftest import ORIGIN

PROBLEM = "application/problem+json"


async def new_key(database: Database, settings: Settings, tenant: str = "leopalace") -> str:
    """Make a key as the operator does."""
    key = api_keys.new_key()
    async with database.begin() as session:
        made = await api_keys.create(session, settings.digest_key, tenant, "test", key, "operator:test")
    assert made is not None
    return key


class Service:
    """The service of one tenant; without a key, a stranger."""

    def __init__(self, app: FastAPI, key: str | None = None, address: str = "192.0.2.9") -> None:
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=(address, 50000)),
            base_url=f"{ORIGIN}/api/v1",
            headers=headers,
        )

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """GET below /api/v1."""
        return _told_well(await self.client.get(path, params=params))

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """POST JSON below /api/v1."""
        return _told_well(await self.client.post(path, json=body, headers=headers))


def _told_well(answer: httpx.Response) -> httpx.Response:
    """Every answer that says no is problem details."""
    if answer.status_code >= 400:
        told = answer.json()
        assert answer.headers["content-type"] == PROBLEM
        assert told["status"] == answer.status_code
        assert told["type"] == f"{ORIGIN}/api/v1/docs#{told['code']}"
        assert told["title"]
    return answer
