"""Killing the stack's processes with -9, one after another."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.plan import Kill
from tests.running.stack import Stack
from tests.running.waiting import until

_LABELS = {
    "web": "Web front",
    "worker": "Worker",
    "temporal": "Temporal",
    "postgres": "PostgreSQL",
    "mail": "Mail catcher",
    "econtract": "E-contract stand-in",
}
_BACK_WITHIN = 120.0  # seconds


@dataclass(frozen=True)
class Killed:
    """A part that was killed, and after how many seconds it was ready again."""

    part: str
    away: float


async def kill(stack: Stack, what: Kill) -> Killed:
    """Kill a part after its pause, and wait until the supervisor says that it is back."""
    await asyncio.sleep(what.pause)
    back = _comebacks(stack, what.part)
    began = time.monotonic()
    os.kill(stack.pid(what.part), signal.SIGKILL)

    async def is_back() -> bool:
        return _comebacks(stack, what.part) > back

    await until(is_back, f"{what.part} is back", _BACK_WITHIN)
    return Killed(what.part, time.monotonic() - began)


def _comebacks(stack: Stack, part: str) -> int:
    said = stack.run_dir.log("devstack").read_text(encoding="utf-8")
    return said.count(f" {_LABELS[part]} is back.")


class Pace:
    """Spreads the kills over the enrolments: neither runs far ahead of the other."""

    def __init__(self, enrolments: int, kills: int, at_once: int) -> None:
        """Take how many there will be, and how many enrolments go on at once."""
        self._enrolments = enrolments
        self._kills = kills
        self._at_once = at_once
        self._started = 0
        self._killed = 0
        self._moved = asyncio.Condition()

    async def may_start(self) -> None:
        """Wait until the next enrolment's turn has come."""
        await self._wait(lambda: self._started < self._due() + self._at_once)
        self._started += 1
        await self._tell()

    async def may_kill(self) -> None:
        """Wait until the next kill's turn has come."""
        await self._wait(lambda: self._due() <= self._started + self._at_once)

    async def killed(self) -> None:
        """Count a kill."""
        self._killed += 1
        await self._tell()

    def _due(self) -> float:
        """How many enrolments belong to the kills so far."""
        return self._enrolments * self._killed / self._kills if self._kills else self._enrolments

    async def _wait(self, turn: Callable[[], bool]) -> None:
        async with self._moved:
            await self._moved.wait_for(turn)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()
