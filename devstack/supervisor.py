"""The children of a stack: started as the stack says, stopped floor by floor."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from devstack.child import Child, last_line
from devstack.console import Console
from devstack.failures import CannotStart
from devstack.leash import leash
from devstack.part import Part
from devstack.run_dir import RunDir


class Supervisor:
    """Keeps parts running from their start to `stop()`."""

    def __init__(
        self, run_dir: RunDir, console: Console, pids_changed: Callable[[Mapping[str, int]], None]
    ) -> None:
        """Tell `pids_changed` the pids of all children whenever one has changed."""
        self._run_dir = run_dir
        self._console = console
        self._pids_changed = pids_changed
        self._children: list[Child] = []

    @property
    def pids(self) -> dict[str, int]:
        """The pids of the children's newest processes, by the parts' names."""
        return {child.part.name: child.pid for child in self._children if child.pid is not None}

    async def start(self, part: Part) -> None:
        """Start a part and wait until it is ready. Raises CannotStart."""
        child = Child(part, self._run_dir.log(part.name), self._console, self._tell)
        self._children.append(child)
        try:
            await child.start()
        except FileNotFoundError as error:
            raise CannotStart(f"{part.label} cannot be started: {error.filename} is not there.") from error
        self._console.progress(part.label, "ready")

    async def stop(self) -> None:
        """Stop all children, floor by floor from the top."""
        for floor in sorted({child.part.floor for child in self._children}, reverse=True):
            await asyncio.gather(*(child.stop() for child in self._children if child.part.floor == floor))
        self._children.clear()

    def kill(self) -> None:
        """Kill all children at once."""
        for child in reversed(self._children):
            child.kill()

    def _tell(self) -> None:
        self._pids_changed(self.pids)


async def run_once(
    label: str, command: list[str], log: Path, directory: Path, environment: Mapping[str, str]
) -> str:
    """Run a command of ours to its end and return what it printed; what it prints on stderr goes to `log`.

    Raises CannotStart when it fails.
    """
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            preexec_fn=leash(signal.SIGKILL),
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
    if process.returncode != 0:
        raise CannotStart(f"{label} failed with code {process.returncode}. Its log is {log}{last_line(log)}")
    return output.decode("utf-8", "replace")
