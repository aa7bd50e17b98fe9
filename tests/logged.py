"""What a process writes to its log, as in production, for the tests that look into it."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from telemetry import logs


class Logged:
    """What was logged since the test began."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.stream = StringIO()

    @property
    def text(self) -> str:
        """All of it as it was written."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All of it by lines, each with its facts by name."""
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        """The lines of one logger."""
        return [line for line in self.lines if line["logger"] == logger]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Have everything logged as in production, for the length of the test."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before, written = root.handlers[:], Logged()
    logs.set_up("production", written.stream)
    yield written
    logging.captureWarnings(False)
    root.handlers[:] = before
    sys.excepthook, threading.excepthook = hooks
