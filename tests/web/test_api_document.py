"""The API keeps what its OpenAPI document promises, whatever it is sent."""

import asyncio
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from domain.stage import Applicant, Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.limits import Limit
from records.vault import Vault
from settings import Settings
from tests.web.calling import new_key
from tests.web.conftest import RecordingDesk
from tests.web.enrolling import agents_application, writer
from web import api_access
from web.app import create_app

EXAMPLES = "6"
SEED = "20261124"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the application on a free port, in a thread with a loop of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    listening = server.config.bind_socket()
    serving = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    serving.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.join()
        listening.close()


async def test_schemathesis_finds_nothing(
    settings: Settings, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endless = timedelta(seconds=0)
    for name in ("CALLS_PER_KEY", "LINKS_PER_KEY", "STRANGERS_PER_NETWORK"):
        monkeypatch.setattr(api_access, name, Limit(name, 1, endless))
    await writer(database, vault, settings)(
        Stage.AWAITING_APPROVAL, applicant=Applicant.AGENT, application=agents_application(), approval_round=1
    )
    desk = RecordingDesk(answer=Answer(verdict=Verdict.ACCEPTED, stage=Stage.IN_REVIEW))
    key = await new_key(database, settings)

    with served(create_app(settings, desk=desk)) as address:
        command = [
            *(str(Path(sysconfig.get_path("scripts")) / "schemathesis"), "run"),
            *(f"{address}/api/v1/openapi.json", "--url", f"{address}/api/v1"),
            *("--header", f"Authorization: Bearer {key}"),
            *("--max-examples", EXAMPLES, "--seed", SEED, "--no-color", "--workers", "1"),
        ]
        run = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
        )

    assert run.returncode == 0, run.stdout[-6000:].replace(key, "…") + run.stderr[-1000:]
