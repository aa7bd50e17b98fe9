"""The run directory: who holds it, what lies in it, and how its files are written in one piece."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from devstack.failures import CannotStart, explain_os_error

_NEEDED_BYTES = 256 * 1024 * 1024
_LARGEST_LOG = 8 * 1024 * 1024
_KEPT_LOGS = 3


class RunDir:
    """The folder that holds a stack's state; one stack at a time holds it."""

    def __init__(self, path: Path) -> None:
        """Name the folder; `held()` makes it."""
        self.path = path.absolute()
        self.logs = self.path / "log"
        self.mail = self.path / "mail"
        self.temporal = self.path / "temporal"
        self.certificate_authority = self.path / "ca"
        self.ready = self.path / "ready.json"
        self.pids = self.path / "pids.json"
        self.secrets = self.path / "secrets.env"
        self.worker_ready = self.path / "worker.ready"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and hold it until the block ends, or until this process is killed.

        Raises CannotStart when another stack holds it, it cannot be written, or its disk has no room.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for private in (self.logs, self.mail, self.temporal, self.certificate_authority):
                private.mkdir(mode=0o700, exist_ok=True)
            with (self.path / "lock").open("a+", encoding="utf-8") as lock:
                self._take(lock.fileno())
                self._check_room()
                lock.truncate(0)
                lock.write(str(os.getpid()))
                lock.flush()
                yield
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    def rotate_logs(self) -> None:
        """Put large logs aside, keeping the last few of each."""
        for log in self.logs.glob("*.log"):
            if log.stat().st_size < _LARGEST_LOG:
                continue
            for number in range(_KEPT_LOGS - 1, 0, -1):
                older = log.with_name(f"{log.name}.{number}")
                if older.exists():
                    older.rename(log.with_name(f"{log.name}.{number + 1}"))
            log.rename(log.with_name(f"{log.name}.1"))

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = (self.path / "lock").read_text(encoding="utf-8").strip() or "unknown"
            raise CannotStart(
                f"A stack already runs in {self.path} (process {holder}): stop it first, "
                "or set JCAN_RUN_DIR and the JCAN_…_PORT variables to start a second one."
            ) from None

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < _NEEDED_BYTES:
            needed, left = _NEEDED_BYTES // 1024**2, free // 1024**2
            raise CannotStart(
                f"The disk that holds {self.path} is full: {left} MB are free and {needed} MB are needed. "
                "Make room and start again."
            )


def write_privately(path: Path, text: str) -> None:
    """Replace a file, for its owner's eyes: a reader sees the old text or the new, never a part."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a JSON file at once, readable by its owner only."""
    write_privately(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
