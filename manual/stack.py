"""A stack of the manual's own: in a directory that goes away with it, on ports that nobody has."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

from devstack.leash import leash
from devstack.ports import LOOPBACK, Ports, variable
from devstack.ready import Ready
from devstack.run_dir import RunDir
from tenants import load_tenants
from web.manual import PICTURED

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = os.environ.get("JCAN_WEB_ORIGIN") or "https://jcanlra.example.jp"
"""How people reach the web front; without a setting a reserved name (RFC 6761)."""
TENANT = load_tenants()[PICTURED]
"""Whose pages are pictured."""
CAPTCHA_ANSWER = "abcd2"

# What the manual says of an installation: taken from the environment, as the front of it does.
_TOLD = ("JCAN_LINK_TTL", "JCAN_APPLICATION_TTL", "JCAN_APPROVAL_TTL")

_UP_WITHIN = 90.0  # seconds
_STOPPED_WITHIN = 60.0
_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class RunningStack:
    """What a stack that is up says of itself, and the folder that holds its state."""

    ready: Ready
    run_dir: RunDir

    @property
    def web_port(self) -> int:
        """The web front's port on loopback."""
        return int(self.ready["web"].rpartition(":")[2])

    def secret(self, name: str) -> str:
        """One of the secrets that the stack made for itself. Raises KeyError for another name."""
        lines = self.run_dir.secrets.read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))[name]


@contextmanager
def run_directory() -> Iterator[RunDir]:
    """A folder for a stack's state, gone after the block; PostgreSQL's user can enter it."""
    directory = Path(tempfile.mkdtemp(prefix="jcan-manual-"))
    directory.chmod(0o711)
    try:
        yield RunDir(directory / "run")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running(run_dir: RunDir, **settings: str) -> Iterator[RunningStack]:
    """Start a stack with these settings on top of what pictures need; stop it after the block.

    Raises RuntimeError, with what the stack said last, when it does not come up or does not stop.
    """
    inherited = {
        name: text for name, text in os.environ.items() if name in _TOLD or not name.startswith("JCAN_")
    }
    chosen = {
        "JCAN_RUN_DIR": str(run_dir.path),
        "JCAN_WEB_ORIGIN": ORIGIN,
        "JCAN_CAPTCHA_ANSWER": CAPTCHA_ANSWER,
    }
    output = run_dir.path.parent / "output"
    with output.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack"],
            cwd=ROOT,
            env=inherited | _free_ports() | chosen | settings,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=leash(signal.SIGINT),  # noqa: PLW1509 - started from the main thread, see leash.py
        )
    try:
        _wait_until_up(process, run_dir, output)
        yield RunningStack(cast(Ready, json.loads(run_dir.ready.read_text(encoding="utf-8"))), run_dir)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError(f"The stack did not stop: {_last_words(output)}") from None


def _wait_until_up(process: "subprocess.Popen[bytes]", run_dir: RunDir, output: Path) -> None:
    deadline = time.monotonic() + _UP_WITHIN
    while not run_dir.ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The stack did not come up: {_last_words(output)}")
        time.sleep(_LOOK_EVERY)


def _last_words(output: Path) -> str:
    return output.read_text(encoding="utf-8", errors="replace")[-2000:]


def _free_ports() -> dict[str, str]:
    """Ports that nobody has now, for each part, as environment variables."""
    servers = {field.name: socket.create_server((LOOPBACK, 0)) for field in fields(Ports)}
    ports = {variable(name): str(server.getsockname()[1]) for name, server in servers.items()}
    for server in servers.values():
        server.close()
    return ports
