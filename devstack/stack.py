"""Which parts make the stack, and in which order they come up."""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from devstack.console import Console
from devstack.part import Part, Probe, answers, exists
from devstack.ports import LOOPBACK, Ports
from devstack.postgres import Cluster, postgres_part
from devstack.run_dir import RunDir
from devstack.supervisor import Supervisor, run_once
from devstack.temporal import NAMESPACE, temporal_part

ROOT = Path(__file__).resolve().parent.parent
DEMO_TICKETS = 24  # unused ones per tenant at every start

# Floors, for the stop: PostgreSQL stands on the ground, Temporal beside the counterparts on the first.
_COUNTERPARTS = 1
_DOORS = 2


class Stack:
    """The parts of `make run`, wired to each other by environment variables."""

    def __init__(
        self,
        cluster: Cluster,
        ports: Ports,
        run_dir: RunDir,
        environment: Mapping[str, str],
    ) -> None:
        """Describe the stack; `environment` is the complete one of our own processes, secrets included."""
        self._cluster = cluster
        self._ports = ports
        self._run_dir = run_dir
        self._environment = environment

    async def start(self, supervisor: Supervisor, console: Console) -> dict[str, list[str]]:
        """Start every part, side by side where they do not need each other; return the demo tickets.

        Raises CannotStart for the first part that does not come up.
        """
        try:
            async with asyncio.TaskGroup() as group:
                # Front and worker take longest to load, and the first page is what a person waits for.
                web = group.create_task(supervisor.start(self._web()))
                temporal = group.create_task(
                    supervisor.start(temporal_part(self._run_dir.temporal, self._ports, self._environment))
                )
                await supervisor.start(postgres_part(self._cluster))
                await self._migrate(console)
                await temporal
                group.create_task(supervisor.start(self._worker()))
                await web
                group.create_task(supervisor.start(self._mail()))
                group.create_task(supervisor.start(self._econtract()))
                tickets = group.create_task(self._demo(console))
        except ExceptionGroup as failures:
            raise _first(failures) from None
        return tickets.result()

    async def _migrate(self, console: Console) -> None:
        command = [sys.executable, "-m", "records.migrate"]
        await run_once(
            "The database's migration", command, self._run_dir.log("migrate"), ROOT, self._environment
        )
        console.progress("Migrations", "done")

    async def _demo(self, console: Console) -> dict[str, list[str]]:
        command = [sys.executable, "-m", "cli", "demo", "--at-least", str(DEMO_TICKETS)]
        printed = await run_once(
            "Making what to try it with", command, self._run_dir.log("demo"), ROOT, self._environment
        )
        console.progress("Demo tickets", "ready")
        tickets: dict[str, list[str]] = json.loads(printed)
        return tickets

    def _mail(self) -> Part:
        return self._ours(
            "mail",
            "Mail catcher",
            ["-m", "devstack.mailbox"],
            answers(self._ports.mailbox, "/healthz"),
            # Where it listens; the others may send by way of a relay.
            self._open() | {"JCAN_SMTP_PORT": str(self._ports.smtp)},
        )

    def _econtract(self) -> Part:
        shared = ("JCAN_ECONTRACT_KEY", "JCAN_ECONTRACT_WEBHOOK_SECRET")
        environment = self._open() | {
            name: value
            for name, value in self._environment.items()
            if name in shared or name.startswith("JCAN_DEMO_API_KEY_")
        }
        ready = answers(self._ports.econtract, "/")
        return self._ours(
            "econtract", "E-contract stand-in", ["-m", "devstack.econtract"], ready, environment
        )

    def _worker(self) -> Part:
        sign = self._run_dir.worker_ready
        return self._ours(
            "worker",
            "Worker",
            [str(ROOT / "worker.py")],
            exists(sign),
            {**self._environment, "JCAN_METRICS_PORT": str(self._ports.worker_metrics)},
            floor=_DOORS,
            before=functools.partial(sign.unlink, missing_ok=True),
        )

    def _web(self) -> Part:
        return self._ours(
            "web",
            "Web front",
            ["-m", "web"],
            answers(self._ports.web, "/readyz"),
            {**self._environment, "JCAN_METRICS_PORT": str(self._ports.web_metrics)},
            floor=_DOORS,
        )

    def _ours(
        self,
        name: str,
        label: str,
        arguments: list[str],
        ready: Probe,
        environment: Mapping[str, str],
        floor: int = _COUNTERPARTS,
        before: "functools.partial[None] | None" = None,
    ) -> Part:
        """Describe a process that runs code of this repository."""
        command = [sys.executable, *arguments]
        return Part(
            name, label, command, ready, environment, directory=ROOT, floor=floor, before=before or _nothing
        )

    def _open(self) -> dict[str, str]:
        """Return the environment of parts that stand for others' systems: without our keys and database."""
        closed = {"JCAN_DATABASE_URL", "JCAN_CA_HOOK_KEY", "JCAN_ECONTRACT_KEY"}
        closed |= {"JCAN_ECONTRACT_WEBHOOK_SECRET"}
        return {
            name: value
            for name, value in self._environment.items()
            if name not in closed and not name.endswith("_KEYS") and not name.startswith("JCAN_DEMO_")
        }


def our_environment(
    inherited: Mapping[str, str], secrets: Mapping[str, str], database: str, ports: Ports, run_dir: RunDir
) -> dict[str, str]:
    """Compose our processes' environment: the person's own, over the secrets, under what the stack sets."""
    decided = {
        "JCAN_RUN_DIR": str(run_dir.path),
        "JCAN_CA_DIR": str(run_dir.certificate_authority),
        "JCAN_DATABASE_URL": database,
        "TEMPORAL_ADDRESS": f"{LOOPBACK}:{ports.temporal}",
        "TEMPORAL_NAMESPACE": NAMESPACE,
        # A person's own file may say how to get into another Temporal.
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "JCAN_TEMPORAL_UI": f"http://{LOOPBACK}:{ports.temporal_ui}",
        "JCAN_WEB_PORT": str(ports.web),
        # Each process gets a port of its own, see Stack.
        "JCAN_METRICS_HOST": LOOPBACK,
        "JCAN_METRICS_PORT": "",
        "JCAN_MAILBOX_PORT": str(ports.mailbox),
        "JCAN_SMTP_HOST": LOOPBACK,
        "JCAN_SMTP_PORT": inherited.get("JCAN_SMTP_RELAY_PORT") or str(ports.smtp),
        "JCAN_SMTP_TLS": "none",
        "JCAN_ECONTRACT_PORT": str(ports.econtract),
        "PYTHONUNBUFFERED": "1",
    }
    # What is on this machine is never asked for through a proxy.
    direct = ",".join(
        filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), LOOPBACK, "localhost"])
    )
    decided |= {"NO_PROXY": direct, "no_proxy": direct}
    # Where the person may have put something between: a proxy before the front, or before the counterpart.
    proposed = {
        "JCAN_WEB_ORIGIN": f"http://{LOOPBACK}:{ports.web}",
        "JCAN_ECONTRACT_URL": f"http://{LOOPBACK}:{ports.econtract}",
    }
    own = {name: value for name, value in inherited.items() if not name.startswith("TEMPORAL_")}
    return {**proposed, **secrets, **own, **decided}


def _nothing() -> None:
    return None


def _first(failures: ExceptionGroup) -> Exception:
    """Return the first of several failures: the others are mostly its consequences."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
