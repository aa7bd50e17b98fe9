"""The whole stack, started as `make run` starts it, for the tests that come in by the front door."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Literal, cast

import httpx
import psutil
import pytest
import pytest_asyncio

from devstack.leash import leash
from devstack.ports import LOOPBACK, Ports, read_ports, variable
from devstack.ready import Ready
from devstack.run_dir import RunDir
from devstack.stack import our_environment
from tests.running.free_ports import free_ports
from tests.running.mailbox import Mailbox
from tests.running.waiting import until

ROOT = Path(__file__).resolve().parents[2]
CAPTCHA_ANSWER = "abcd2"
TICKETS = 120
"""Tickets of `leo-sign` on top of the demo ones: enough for a test run."""

_UP_WITHIN = 90.0  # seconds, on two cores that have other things to do
_STOPPED_WITHIN = 60.0


class Stack:
    """A stack in a run directory of its own, on ports of its own."""

    def __init__(self, directory: Path, **settings: str) -> None:
        """Choose free ports; `start()` starts it. `settings`: more environment variables."""
        self.run_dir = RunDir(directory / "run")
        self.output = directory / "output"
        decided = {
            "JCAN_RUN_DIR": str(self.run_dir.path),
            "JCAN_CAPTCHA_ANSWER": CAPTCHA_ANSWER,
            "JCAN_ISSUANCE_DELAY": "PT2S",
        }
        self._started_with = _free_ports() | decided | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._handed_out: set[str] = set()
        self._more_tickets: dict[str, list[str]] = {}

    @property
    def ready(self) -> Ready:
        """What `ready.json` says now."""
        return cast(Ready, json.loads(self.run_dir.ready.read_text(encoding="utf-8")))

    @property
    def web(self) -> str:
        """The web front's address, also while nothing runs."""
        return f"http://{LOOPBACK}:{self.ports.web}"

    @property
    def econtract(self) -> str:
        """The e-contract stand-in's address."""
        return f"http://{LOOPBACK}:{self.ports.econtract}"

    @property
    def mailbox(self) -> Mailbox:
        """The mails that the stack has sent."""
        return Mailbox(f"http://{LOOPBACK}:{self.ports.mailbox}")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the stack's own processes, for a command beside them."""
        secrets, database = self._secrets(), self.ready["database"]
        return our_environment(self._environment, secrets, database, self.ports, self.run_dir)

    async def start(self) -> None:
        """Start it and wait until everything answers."""
        self._process = self._spawn()
        await until(self._is_up, "the stack is up", _UP_WITHIN)

    async def stop(self) -> None:
        """Stop it as Ctrl-C does, and check that it went cleanly: exit 0, `ready.json` gone, nobody left."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        assert children
        self._process.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(self._process.wait, _STOPPED_WITHIN)
        self._process = None
        assert code == 0, self._last_words()
        assert not self.run_dir.ready.exists()
        assert not [child for child in children if child.is_running()]

    def kill(self) -> None:
        """Have nothing left running, whatever became of it."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                child.kill()
        self._process.kill()
        self._process.wait()

    def ticket(self, company_code: str = "leo-sign") -> str:
        """Give a ticket that no test has had."""
        # Some stand on the terminal, where people are meant to find them.
        taken = self._handed_out | set(self.output.read_text(encoding="utf-8").split())
        known = [*self._more_tickets.get(company_code, []), *self.ready["tickets"][company_code]]
        ticket = next(number for number in known if number not in taken)
        self._handed_out.add(ticket)
        return ticket

    async def order_tickets(self, quantity: int = TICKETS, company_code: str = "leo-sign") -> None:
        """Order more tickets than the demo has, as an operator does."""
        ordered = await self.jcan(
            *("tickets", "order", "--company-code", company_code, "--corporate-number", "9999999999999"),
            *("--company-name", "株式会社サンプル", "--company-name-latin", "Sample Corporation"),
            *("--quantity", str(quantity), "--expires-on", "2099-12-31", "--json"),
        )
        self._more_tickets[company_code] = json.loads(ordered)

    async def jcan(self, *arguments: str, code: int = 0) -> str:
        """Run `jcan` beside the stack and give what it prints; it is expected to exit with `code`."""
        program = Path(sysconfig.get_path("scripts")) / "jcan"
        return await run([str(program), *arguments], self.environment, code)

    async def metrics(self, part: Literal["web", "worker"]) -> str:
        """What Prometheus gets of a part."""
        port = self.ports.web_metrics if part == "web" else self.ports.worker_metrics
        async with httpx.AsyncClient(trust_env=False, timeout=20) as prometheus:
            answer = await prometheus.get(f"http://{LOOPBACK}:{port}/metrics")
        return answer.raise_for_status().text

    async def figure(self, part: Literal["web", "worker"], series: str) -> float:
        """One figure of what Prometheus gets of a part."""
        (line,) = [line for line in (await self.metrics(part)).splitlines() if line.startswith(f"{series} ")]
        return float(line.rpartition(" ")[2])

    @contextmanager
    def without(self, part: str) -> Iterator[None]:
        """Have a part's process answer nobody for the length of the block, as if it hung."""
        process = psutil.Process(self.pid(part))
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def pid(self, part: str) -> int:
        """The present process of a part, by what `ready.json` says."""
        return self.ready["pids"][part]

    @property
    def handed_out(self) -> frozenset[str]:
        """Every ticket that a test has had."""
        return frozenset(self._handed_out)

    @property
    def _environment(self) -> dict[str, str]:
        """What is set for the stack, and nothing that the person who runs the tests has set for theirs."""
        others = ("JCAN_", "TEMPORAL_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(others)}
        return inherited | self._started_with

    @property
    def ports(self) -> Ports:
        """What it listens on."""
        return read_ports(self._started_with)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "devstack"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A test run that is killed takes its stack with it.
                preexec_fn=leash(signal.SIGINT),  # noqa: PLW1509
            )

    def _secrets(self) -> dict[str, str]:
        lines = self.run_dir.secrets.read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("=") for line in lines if not line.startswith("#"))
        return {name: value for name, _equals, value in pairs}

    async def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._last_words()
        return self.run_dir.ready.exists()

    def _last_words(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")[-2000:]


async def run(command: list[str], environment: Mapping[str, str], code: int | None = 0) -> str:
    """Run a command and give what it prints; it is expected to exit with `code` (None: with any)."""
    __tracebackhide__ = True  # the environment holds this stack's keys
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert code in {None, process.returncode}, errors.decode("utf-8", "replace")
    return output.decode("utf-8")


@pytest_asyncio.fixture(scope="session")
async def stack(request: pytest.FixtureRequest) -> AsyncIterator[Stack]:
    """The stack that all tests of a run share. At the end it must stop cleanly."""
    directory = new_directory()
    stack = Stack(directory)
    try:
        await stack.start()
        await stack.order_tickets()
        yield stack
        await stack.stop()
    finally:
        stack.kill()
        if not request.session.testsfailed:
            shutil.rmtree(directory, ignore_errors=True)


def new_directory() -> Path:
    """A folder that PostgreSQL can get to, which runs as another user where the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="jcan-stack-"))
    directory.chmod(0o711)
    return directory


def _free_ports() -> dict[str, str]:
    """Ports for each part, as environment variables."""
    names = [variable(field.name) for field in fields(Ports)]
    return {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
