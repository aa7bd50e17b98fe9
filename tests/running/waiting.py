"""Waiting for something to become true, never for a time to pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(
    look: Callable[[], Awaitable[T | None]], what: str, within: float = 30.0, every: float = 0.1
) -> T:
    """Give what `look` finds once it is something true; fail naming `what` after `within` seconds.

    It looks `every` so many seconds.
    """
    deadline = time.monotonic() + within
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(every)
    return found
