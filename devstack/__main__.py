"""`python -m devstack`: start the stack, keep it running, stop it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from devstack import postgres
from devstack.console import Console
from devstack.failures import CannotStart
from devstack.free_ports import check_free, step_aside
from devstack.orphans import stop_orphans, write_pids
from devstack.ports import read_ports
from devstack.ready import ReadyFile, welcome
from devstack.run_dir import RunDir
from devstack.secrets_file import keep_secrets
from devstack.stack import Stack, our_environment
from devstack.supervisor import Supervisor
from engine.temporal_settings import load_everything
from settings import SettingsError
from tenants import load_tenants

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the stack until it is told to stop; return 0 then, and 1 when it could not start."""
    try:
        run_dir = RunDir(Path(os.environ.get("JCAN_RUN_DIR") or ".run"))
        with run_dir.held():
            return asyncio.run(_run(run_dir))
    except CannotStart as failure:
        print(f"\nNot started: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # pressed before anything was there to stop
        return 130


async def _run(run_dir: RunDir) -> int:
    run_dir.rotate_logs()
    run_dir.ready.unlink(missing_ok=True)
    console = Console(run_dir.log("devstack"))
    console.say(f"Starting the stack in {run_dir.path}")
    if stopped := await asyncio.to_thread(stop_orphans, run_dir.pids):
        console.say(f"  {stopped} processes of a stack that was killed were still there: stopped.")
    ready = ReadyFile(run_dir.ready)

    def pids_changed(pids: Mapping[str, int]) -> None:
        write_pids(run_dir.pids, pids)
        ready.pids_are(pids)

    supervisor = Supervisor(run_dir, console, pids_changed)
    told_to_stop = _listen_for_stop(supervisor)
    starting = asyncio.create_task(_start(run_dir, console, supervisor, ready))
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopping
    except CannotStart as failure:
        console.note(f"Not started: {failure}")
        raise
    finally:
        starting.cancel()
        await asyncio.wait({starting})
        ready.remove()
        if supervisor.pids:
            console.say("Stopping …")
            await supervisor.stop()
            console.say("Stopped. The next start carries on from here.")
        run_dir.pids.unlink(missing_ok=True)
    return 0


def _listen_for_stop(supervisor: Supervisor) -> asyncio.Event:
    """Return an event that a stop signal sets; a second signal no longer waits for anybody."""
    told = asyncio.Event()

    def on_signal() -> None:
        if told.is_set():
            supervisor.kill()
        told.set()

    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return told


async def _start(run_dir: RunDir, console: Console, supervisor: Supervisor, ready: ReadyFile) -> None:
    """Prepare, start every part, write `ready.json` and say what there is to see."""
    ports = step_aside(read_ports(os.environ), os.environ)
    check_free(ports)
    tenants = load_tenants()
    secrets = keep_secrets(run_dir.secrets, sorted(tenants))
    cluster = await asyncio.to_thread(postgres.prepare, run_dir.path)
    if not cluster.data.is_relative_to(run_dir.path):
        console.say(f"  PostgreSQL's user cannot enter {run_dir.path}: its data lie in {cluster.data}.")
    environment = our_environment(os.environ, secrets, cluster.url(), ports, run_dir)
    os.environ.update(environment)
    try:
        load_everything()
    except SettingsError as error:
        raise CannotStart(str(error)) from None
    tickets = await Stack(cluster, ports, run_dir, environment).start(supervisor, console)
    content = ready.write(ports, cluster.url(), tickets, secrets, sorted(tenants), supervisor.pids)
    console.note(f"Everything is up after {console.elapsed:.1f} s.")
    for line in welcome(content, tenants, ports, console.elapsed):
        console.show(line)


if __name__ == "__main__":
    sys.exit(main())
