"""A small disk of PostgreSQL's own, which can be filled up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTES = 512
MAY_MOUNT = sys.platform == "linux" and os.geteuid() == 0
"""Whether a file system of one's own can be had here."""
_BALLAST = "ballast"
_CHUNK = bytes(65_536)


class Disk:
    """A file system in memory where a stack keeps its database; nothing where only root may mount."""

    def __init__(self, place: Path) -> None:
        """`place`: the folder of the stack's database, not there yet."""
        self._place = place

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Have it for the length of the block."""
        if not MAY_MOUNT:
            yield
            return
        self._place.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", str(self._place))
        try:
            yield
        finally:
            # Somebody may still look at it.
            _run("umount", "--lazy", str(self._place))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have no byte left on it for the length of the block."""
        ballast = self._place / _BALLAST
        try:
            _fill(ballast)
            yield
        finally:
            ballast.unlink()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(_CHUNK) > 0:
                pass
        except OSError:
            assert os.statvfs(ballast).f_bavail == 0
