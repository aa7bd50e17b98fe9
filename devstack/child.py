"""A running part: started, waited for, started again when it dies, stopped."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from devstack.console import Console
from devstack.failures import CannotStart
from devstack.leash import leash
from devstack.part import Part

_PROBE_EVERY = 0.1  # seconds
_FIRST_PAUSE = 0.5  # seconds before a dead child is started again; doubled each time
_LONGEST_PAUSE = 15.0
_STEADY_AFTER = 30.0  # seconds of life after which a death is news again


class Child:
    """Keeps the process of one part alive."""

    def __init__(self, part: Part, log: Path, console: Console, changed: Callable[[], None]) -> None:
        """Describe it; `changed` is called whenever `pid` is another one."""
        self.part = part
        self.log = log
        self._console = console
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the newest process, even when it has just ended; None before the first."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process, wait until it is ready and from then on keep it alive.

        Raises CannotStart when it ends or is not ready in time.
        """
        for attempt in range(1, self.part.attempts + 1):
            process = await self._spawn()
            failure = await self._until_ready(process)
            if failure is None:
                break
            if attempt == self.part.attempts or process.returncode is None:
                raise CannotStart(f"{self.part.label} {failure}.{self._last_words()}")
            await asyncio.sleep(_FIRST_PAUSE)
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self.part.name}")

    async def stop(self) -> None:
        """Stop the process for good, with force when it does not go by itself."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.part.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.part.stop_within)
        except TimeoutError:
            self._console.say(f"{self.part.label} did not stop within {self.part.stop_within:.0f} s: killed.")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """Kill the process and those that it started."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _keep(self) -> None:
        """Start the process again whenever it ends, the sooner the longer it has lived."""
        pause = _FIRST_PAUSE
        while self._process is not None:
            began = time.monotonic()
            code = await self._process.wait()
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_AFTER else pause
            self._console.say(
                f"{self.part.label} {_ended(code)}; starting it again in {pause:.1f} s ({self.log})."
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                failure = await self._until_ready(await self._spawn())
            except OSError as error:
                failure = f"cannot be started: {error.strerror}"
            if failure is None:
                self._console.say(f"{self.part.label} is back.")
            elif self._process.returncode is None:
                self._console.say(f"{self.part.label} {failure}; its log is {self.log}.")

    async def _spawn(self) -> asyncio.subprocess.Process:
        part = self.part
        part.before()
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *part.command,
                cwd=part.directory,
                env=part.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                user=None if part.account is None else part.account.uid,
                group=None if part.account is None else part.account.gid,
                extra_groups=None if part.account is None else [],
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops them in order
                preexec_fn=leash(part.orphan_signal),
            )
        finally:
            os.close(descriptor)
        self._changed()
        return self._process

    async def _until_ready(self, process: asyncio.subprocess.Process) -> str | None:
        """Wait for the part; None when it is ready, otherwise the end of a sentence that says why not."""
        deadline = time.monotonic() + self.part.ready_within
        missing: str | None = "nothing asked yet"
        while process.returncode is None:
            missing = await self.part.ready()
            if missing is None and process.returncode is None:
                return None
            if time.monotonic() > deadline:
                return f"is not ready after {self.part.ready_within:.0f} s ({missing})"
            await asyncio.sleep(_PROBE_EVERY)
        return _ended(process.returncode)

    def _last_words(self) -> str:
        return f" Its log is {self.log}{last_line(self.log)}"


def _ended(code: int) -> str:
    """Say how a process ended, from its return code (negative: a signal's number)."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def last_line(log: Path) -> str:
    """Give the end of a sentence that names a log: its last line, if there is one."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "."
    return f" and ends: {lines[-1].strip()}" if lines else "."
