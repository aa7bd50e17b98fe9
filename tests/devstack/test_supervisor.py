"""Children are started, kept alive, and stopped in order."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from devstack.failures import CannotStart
from devstack.orphans import stop_orphans, write_pids
from devstack.part import Part, exists
from devstack.run_dir import RunDir
from devstack.supervisor import Supervisor, run_once
from tests.devstack.children import sleeper, supervisor_in, until


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[RunDir]:
    """A held run directory."""
    run_dir = RunDir(tmp_path / "run")
    with run_dir.held():
        yield run_dir


@pytest.fixture
def told() -> dict[str, int]:
    """The pids that the supervisor told last."""
    return {}


@pytest.fixture
async def supervisor(run_dir: RunDir, told: dict[str, int]) -> AsyncIterator[Supervisor]:
    """A supervisor whose children are gone after the test."""
    supervisor = supervisor_in(run_dir, told.update)
    yield supervisor
    await supervisor.stop()


async def test_a_killed_child_comes_back_and_its_pid_is_told(
    supervisor: Supervisor, run_dir: RunDir, told: dict[str, int]
) -> None:
    await supervisor.start(sleeper("web", run_dir.path))
    first = told["web"]
    os.kill(first, signal.SIGKILL)
    await until(lambda: told["web"] != first)
    assert psutil.pid_exists(told["web"])
    await until(lambda: "is back" in run_dir.log("devstack").read_text())


async def test_children_stop_floor_by_floor_from_the_top(supervisor: Supervisor, run_dir: RunDir) -> None:
    log = run_dir.path / "stopped"
    script = (
        "import pathlib, signal, sys; name, up, log = sys.argv[1:]\n"
        "def stop(*_):\n"
        "    with open(log, 'a') as file: print(name, file=file)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop); pathlib.Path(up).touch()\n"
        "while True: signal.pause()"
    )
    for name, floor in {"web": 2, "postgres": 0, "temporal": 1}.items():
        up = run_dir.path / f"{name}.up"
        command = [sys.executable, "-c", script, name, str(up), str(log)]
        await supervisor.start(Part(name, name, command, exists(up), floor=floor))
    await supervisor.stop()
    assert log.read_text().split() == ["web", "temporal", "postgres"]


async def test_a_stopped_child_stays_stopped(
    supervisor: Supervisor, run_dir: RunDir, told: dict[str, int]
) -> None:
    await supervisor.start(sleeper("web", run_dir.path))
    await supervisor.stop()
    assert not psutil.pid_exists(told["web"])


async def test_a_child_that_ignores_the_stop_is_killed(supervisor: Supervisor, run_dir: RunDir) -> None:
    up = run_dir.path / "up"
    script = (
        "import pathlib, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "while True: signal.pause()"
    )
    part = Part("deaf", "Deaf", [sys.executable, "-c", script, str(up)], exists(up), stop_within=0.2)
    await supervisor.start(part)
    pid = supervisor.pids["deaf"]
    await supervisor.stop()
    assert not psutil.pid_exists(pid)


async def test_a_part_that_ends_while_it_starts_is_named_with_its_last_words(
    supervisor: Supervisor, run_dir: RunDir
) -> None:
    script = "import sys; print('no room left', file=sys.stderr); sys.exit(3)"
    part = Part("web", "Web front", [sys.executable, "-c", script], exists(run_dir.path / "never"))
    with pytest.raises(CannotStart, match=r"Web front ended with code 3\..*web\.log and ends: no room left"):
        await supervisor.start(part)


async def test_a_part_that_never_gets_ready_is_named_with_what_is_missing(
    supervisor: Supervisor, run_dir: RunDir
) -> None:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    part = Part("web", "Web front", command, exists(run_dir.path / "never"), ready_within=0.1)
    with pytest.raises(CannotStart, match=r"not ready after 0 s \(never is not there yet\)"):
        await supervisor.start(part)


async def test_a_missing_program_is_named(supervisor: Supervisor, run_dir: RunDir) -> None:
    part = Part("temporal", "Temporal", ["/nowhere/temporal"], exists(run_dir.path / "never"))
    with pytest.raises(CannotStart, match="Temporal cannot be started: /nowhere/temporal is not there"):
        await supervisor.start(part)


async def test_a_failed_command_is_named_with_its_last_words(run_dir: RunDir) -> None:
    command = [sys.executable, "-c", "import sys; print('table is gone', file=sys.stderr); sys.exit(2)"]
    with pytest.raises(CannotStart, match=r"The migration failed with code 2\..*ends: table is gone"):
        await run_once("The migration", command, run_dir.log("migrate"), run_dir.path, os.environ)


async def test_children_of_a_killed_supervisor_end_with_it(run_dir: RunDir) -> None:
    """Linux only by its nature; elsewhere the next start's clearing up does it, see the next test."""
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from devstack.run_dir import RunDir\n"
        "from tests.devstack.children import sleeper, supervisor_in\n"
        "async def main():\n"
        "    run_dir = RunDir(Path(sys.argv[1]))\n"
        "    supervisor = supervisor_in(run_dir, lambda pids: None)\n"
        "    await supervisor.start(sleeper('web', run_dir.path))\n"
        "    print(supervisor.pids['web'], flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(run_dir.path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [line async for line in _lines_until_number(process.stdout)]
    child = int(lines[-1])
    process.kill()
    await process.wait()
    await until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie")


def test_orphans_are_stopped_and_strangers_are_not(run_dir: RunDir) -> None:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen(command) as orphan, subprocess.Popen(command) as stranger:
        write_pids(run_dir.pids, {"web": orphan.pid})
        entries = run_dir.pids.read_text()
        reused = json.loads(entries)
        reused["web"] |= {"pid": stranger.pid, "started": reused["web"]["started"] - 3600}
        run_dir.pids.write_text(json.dumps(reused))
        assert stop_orphans(run_dir.pids) == 0
        run_dir.pids.write_text(entries)
        assert stop_orphans(run_dir.pids) == 1
        assert orphan.wait(timeout=5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()


def test_an_unreadable_list_of_pids_stops_nobody(run_dir: RunDir) -> None:
    run_dir.pids.write_text("{half a fi")
    assert stop_orphans(run_dir.pids) == 0


async def _lines_until_number(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while line := (await stream.readline()).decode().strip():
        yield line
        if line.isdigit():
            return
