"""The worker's process: what has it stop."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest
from temporalio.client import Client

import worker
from authorities.local_clerk import Clerk
from records.database import Database
from records.vault import Vault
from settings import Settings
from telemetry.counterparts import Counterparts
from tests.logged import Logged


async def test_a_clerk_who_fails_has_the_process_stop(
    database: Database, vault: Vault, settings: Settings, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    async def fail(_: Clerk) -> None:
        raise KeyError

    def no_worker(*_: object) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    monkeypatch.setattr(Clerk, "serve", fail)
    monkeypatch.setattr(worker, "make_worker", no_worker)
    told, nobody = asyncio.Event(), object.__new__(Client)
    async with (
        asyncio.timeout(5),
        worker._serving(nobody, database, vault, settings, Counterparts(), told),
    ):
        await told.wait()
    (line,) = logged.of("jcan.worker")
    assert (line["level"], line["error"]) == ("error", "KeyError")
