"""A part of the stack, described: what to run, when it counts as ready, how to stop it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from devstack.accounts import Account
from devstack.ports import LOOPBACK

Probe = Callable[[], Awaitable[str | None]]
"""Tells what is still missing, in a few words for a person; None when the part can do its work."""

_ANSWER_WITHIN = 3.0  # seconds
_SHOWN = 200  # characters of an answer that says no
_FIRST_ERROR = 400  # RFC 9110, section 15


@dataclass(frozen=True)
class Part:
    """One process of the stack. It is stopped after those on the floors above it."""

    name: str
    label: str
    command: list[str]
    ready: Probe
    environment: Mapping[str, str] | None = None
    directory: Path = Path("/")
    account: Account | None = None
    floor: int = 0
    before: Callable[[], None] = field(default=lambda: None)
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    ready_within: float = 60.0
    stop_within: float = 15.0
    attempts: int = 1


def answers(port: int, path: str) -> Probe:
    """Probe a page on loopback: ready when it answers without an error."""

    async def probe() -> str | None:
        answer = await asyncio.to_thread(fetch, port, path)
        if answer is None:
            return f"no answer on port {port}"
        status, text = answer
        return f"{path} answers {status}: {text.strip()[:_SHOWN]}" if status >= _FIRST_ERROR else None

    return probe


def fetch(port: int, path: str) -> tuple[int, str] | None:
    """Get a page on loopback: status and text, or None when nobody answers."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_ANSWER_WITHIN)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def exists(path: Path) -> Probe:
    """Probe a file that the part writes once it works."""

    async def probe() -> str | None:
        return None if await asyncio.to_thread(path.exists) else f"{path.name} is not there yet"

    return probe
