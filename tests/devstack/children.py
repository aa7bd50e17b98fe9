"""Tiny parts, and a supervisor over them, for the tests of this room."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from devstack.console import Console
from devstack.part import Part, exists
from devstack.run_dir import RunDir
from devstack.supervisor import Supervisor

# Says that it is up, and then waits for ever.
_SLEEPER = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).touch(); signal.pause()"


def sleeper(name: str, directory: Path) -> Part:
    """Describe a part that only says that it is up."""
    sign = directory / f"{name}.up"
    return Part(
        name=name,
        label=name.capitalize(),
        command=[sys.executable, "-c", _SLEEPER, str(sign)],
        ready=exists(sign),
        before=lambda: sign.unlink(missing_ok=True),
        stop_within=5,
    )


def supervisor_in(run_dir: RunDir, told: Callable[[Mapping[str, int]], None]) -> Supervisor:
    """Make a supervisor that tells `told` the pids."""
    return Supervisor(run_dir, Console(run_dir.log("devstack")), told)


async def until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Wait until a condition holds, and fail when it does not in time (seconds)."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.02)
