"""`jcan` in a process of its own, over the test's database and without Temporal."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from records.database import Database
from settings import Settings

Jcan = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def jcan(settings: Settings, database: Database) -> Jcan:  # noqa: ARG001  the database is emptied for it
    """Run `jcan` in a process of its own."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("JCAN_", "TEMPORAL_"))
    }
    for name, value in settings:
        if value is not None and name in settings.model_fields_set:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[f"JCAN_{name.upper()}"] = text
    # Nothing answers there: what needs Temporal must say so.
    environment |= {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_CONFIG_FILE": os.devnull}

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run
