"""What a killed supervisor left running: found by pid and start time, so that nothing else is touched."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from devstack.run_dir import write_json

_SAME_START = 1.0  # seconds that two readings of one process's start time may differ by
_PATIENCE = 8.0  # seconds for orphans to stop before they are killed
_LOOK_EVERY = 0.05  # seconds


def write_pids(path: Path, pids: Mapping[str, int]) -> None:
    """Keep the children's pids with their start times, for a later start to recognise them."""
    entries: dict[str, object] = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            entries[name] = {"pid": pid, "started": psutil.Process(pid).create_time()}
    write_json(path, entries)


def stop_orphans(path: Path) -> int:
    """Stop the processes of an earlier stack that are still there, and return how many there were."""
    orphans = list(_found(path))
    for step in (psutil.Process.terminate, psutil.Process.kill):
        for process in filter(_alive, orphans):
            with contextlib.suppress(psutil.NoSuchProcess):
                step(process)
        deadline = time.monotonic() + _PATIENCE
        while any(map(_alive, orphans)) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
    path.unlink(missing_ok=True)
    return len(orphans)


def _found(path: Path) -> Iterator[psutil.Process]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for entry in entries.values():
        with contextlib.suppress(psutil.NoSuchProcess, KeyError, TypeError):
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["started"]) < _SAME_START and _alive(process):
                yield process


def _alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; a zombie, which waits for its parent to look, holds nothing any more."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
