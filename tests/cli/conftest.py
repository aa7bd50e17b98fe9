"""`jcan` over the test's database and without Temporal."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from cli.main import application
from records.database import Database
from settings import Settings

Jcan = Callable[..., "subprocess.CompletedProcess[str]"]


Typed = Callable[..., Awaitable[Result]]


@pytest.fixture
def surroundings(settings: Settings, database: Database) -> dict[str, str]:  # noqa: ARG001  the database is emptied for it
    """The environment of a `jcan`."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("JCAN_", "TEMPORAL_"))
    }
    for name, value in settings:
        if value is not None and name in settings.model_fields_set:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[f"JCAN_{name.upper()}"] = text
    # Nothing answers there: what needs Temporal must say so.
    return environment | {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_CONFIG_FILE": os.devnull}


@pytest.fixture
def jcan(surroundings: dict[str, str]) -> Jcan:
    """Run `jcan` in a process of its own."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli", *words]
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def typed(surroundings: dict[str, str]) -> Typed:
    """Run `jcan` within the test's own process, which is quicker.

    `said` is its standard input; further keyword arguments are variables of its environment.
    """

    async def run(*words: str, said: str = "", **variables: str) -> Result:
        environment = surroundings | variables
        return await asyncio.to_thread(
            CliRunner().invoke, application(*words), words, input=said, env=environment
        )

    return run
