"""What the supervisor says: on the terminal for who sits there, and in a log for who comes later."""

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path


class Console:
    """Prints lines and keeps them, with the time, in a log file."""

    def __init__(self, log: Path) -> None:
        """Write to the terminal and, appending, to `log`."""
        self._log = log
        self._began = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line and keep it."""
        self.show(line)
        self.note(line)

    def show(self, line: str) -> None:
        """Print a line without keeping it: ticket numbers have no place in a log."""
        with contextlib.suppress(OSError):  # the terminal may be closed, and the stop must still be orderly
            print(line, flush=True)

    def note(self, line: str) -> None:
        """Keep a line in the log without printing it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        # A full disk must not take the supervisor down: it still has to stop the rest in order.
        with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as log:
            log.writelines(f"{now} {part}\n" for part in line.splitlines() if part)

    def progress(self, label: str, state: str) -> None:
        """Print a line of the start: which part, its state, and the seconds since the start."""
        self.say(f"  {label:<22} {state:<10} {self.elapsed:5.1f} s")

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began
