"""What each process has spent and holds."""

from collections.abc import Iterable

import psutil

from tests.running.stack import Stack


class Usage(dict[str, float]):
    """CPU seconds by part: those of the stack, and `control`."""

    def since(self, before: "Usage", runs: int) -> "Usage":
        """Give what one of so many runs has cost since."""
        return Usage({part: (seconds - before[part]) / runs for part, seconds in self.items()})

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.values())


def cpu_of(stack: Stack, workers: Iterable[int], controls: Iterable[int]) -> Usage:
    """Give what every process has spent so far."""
    parts = {part: [pid] for part, pid in stack.ready["pids"].items()}
    parts |= {"worker": list(workers), "control": list(controls)}
    return Usage({part: sum(map(_seconds, pids)) for part, pids in parts.items()})


def memory_of(pid: int) -> int:
    """Give the bytes of memory that a process holds."""
    return int(psutil.Process(pid).memory_info().rss)


def _seconds(pid: int) -> float:
    """Give a process's CPU seconds, with those of its children: PostgreSQL works in them."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    living = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    return float(own.user + own.system + own.children_user + own.children_system + living)
