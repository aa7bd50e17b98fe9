"""`jcan` over the test's database and without Temporal."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from cli import main
from cli.main import application
from records.database import Database
from settings import Settings


class Ran(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Jcan = Callable[..., Ran]
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
def jcan(surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Jcan:
    """Run `jcan` as its own process does, within this one: its start would take longer than most tests."""

    def run(*words: str) -> Ran:
        said, complained = StringIO(), StringIO()
        with monkeypatch.context() as here, redirect_stdout(said), redirect_stderr(complained):
            for name in [name for name in os.environ if name.startswith(("JCAN_", "TEMPORAL_"))]:
                here.delenv(name)
            for name, value in surroundings.items():
                here.setenv(name, value)
            here.setattr(sys, "argv", ["jcan", *words])
            # In a thread, which has no event loop yet: a command starts its own.
            with ThreadPoolExecutor(1) as threads:
                code = threads.submit(main.run).result()
        return Ran(code, said.getvalue(), complained.getvalue())

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
