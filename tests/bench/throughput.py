"""How many enrolments a second, in turns with control workflows on the same server; and one's cost there."""

import asyncio
import statistics
import sys
import tempfile
import time
import uuid
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.client import Client

from domain.stage import Applicant
from tests.bench import control
from tests.bench.ground import Ground
from tests.bench.usage import Usage, cpu_of
from tests.running.stack import ROOT, Stack
from tests.running.waiting import until

IN_FLIGHT = 24
"""How many go on at once: enough to keep two cores busy."""

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Turn:
    """One kind of run in one round: how many a second, and what each cost, by process, in CPU seconds."""

    per_second: float
    cost: Usage


@dataclass(frozen=True)
class Rounds:
    """The turns of the three kinds; the rounds of all three belong together."""

    control: list[Turn] = field(default_factory=list)
    principal: list[Turn] = field(default_factory=list)
    agent: list[Turn] = field(default_factory=list)

    def rate(self, turns: list[Turn]) -> float:
        """Give the median of what each round reached of its control's rate."""
        pairs = zip(turns, self.control, strict=True)
        return statistics.median(mine.per_second / base.per_second for mine, base in pairs)

    def at_the_server(self, turns: list[Turn]) -> float:
        """Give the median of how many can be had for what Temporal's process spends on one control."""
        pairs = zip(turns, self.control, strict=True)
        return statistics.median(base.cost["temporal"] / mine.cost["temporal"] for mine, base in pairs)


@dataclass(frozen=True)
class Cost:
    """What one run costs at the Temporal server."""

    events: int
    transitions: int


class Controls:
    """Control workflows, and the processes that serve them."""

    def __init__(self, client: Client, processes: list[Process]) -> None:
        """Take the client, and the workers."""
        self._client = client
        self._processes = processes
        self._waiting: dict[str, asyncio.Queue[None]] = {}

    @property
    def pids(self) -> list[int]:
        """The workers' processes."""
        return [process.pid for process in self._processes]

    async def complete(self) -> None:
        """Take one from its start to its end."""
        name = f"control-{uuid.uuid4()}"
        waits = self._waiting[name] = asyncio.Queue()
        handle = await self._client.start_workflow("Control", id=name, task_queue=control.TASK_QUEUE)
        for _ in range(control.SIGNALS):
            await waits.get()
            await handle.signal("go")
        await handle.result()
        del self._waiting[name]

    async def listen(self) -> None:
        """Hear which run waits, until the processes end."""
        await asyncio.gather(*map(self._listen_to, self._processes))

    async def _listen_to(self, process: Process) -> None:
        if process.stdout is None:
            raise RuntimeError("nothing to listen to")
        async for line in process.stdout:
            self._waiting[line.decode().strip()].put_nowait(None)


@asynccontextmanager
async def controls(stack: Stack, workers: int) -> AsyncIterator[Controls]:
    """Run so many workers of the control's for the length of the block."""
    address, namespace = stack.ready["temporal"], stack.ready["namespace"]
    command = [sys.executable, "-m", "tests.bench.control", address, namespace]
    processes = [await asyncio.create_subprocess_exec(*command, stdout=PIPE) for _ in range(workers)]
    running = Controls(await Client.connect(address, namespace=namespace), processes)
    listening = asyncio.create_task(running.listen())
    try:
        yield running
    finally:
        await _kill(processes)
        await listening


@asynccontextmanager
async def more_workers(stack: Stack, workers: int) -> AsyncIterator[list[int]]:
    """Run so many workers of ours, the stack's own one among them; gives the pids of all."""
    processes, signs = [], []
    for _ in range(1, workers):
        home = Path(tempfile.mkdtemp(prefix="worker-", dir=stack.run_dir.path))
        environment = {**stack.environment, "JCAN_RUN_DIR": str(home)}
        command = [sys.executable, str(ROOT / "worker.py")]
        processes.append(
            await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment, stdout=DEVNULL, stderr=DEVNULL
            )
        )
        signs.append(home / "worker.ready")

    async def all_ready() -> bool:
        return all(sign.exists() for sign in signs)

    try:
        await until(all_ready, "the other workers work")
        yield [stack.pid("worker"), *(process.pid for process in processes)]
    finally:
        await _kill(processes)


async def rate(work: Work, runs: int) -> float:
    """Give how many a second were done of so many, `IN_FLIGHT` at a time."""
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one() -> None:
        async with places:
            await work()

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(runs):
            group.create_task(one())
    return runs / (time.perf_counter() - started)


async def measure(ground: Ground, beside: Controls, workers: list[int], runs: int, rounds: int) -> Rounds:
    """Measure all three in turn, after a round of each that does not count."""

    def enrol(applicant: Applicant) -> Work:
        async def work() -> None:
            await ground.enrolments.complete(applicant, await ground.ticket())

        return work

    async def turn(work: Work) -> Turn:
        before = cpu_of(ground.stack, workers, beside.pids)
        per_second = await rate(work, runs)
        return Turn(per_second, cpu_of(ground.stack, workers, beside.pids).since(before, runs))

    measured = Rounds()
    for round_ in range(rounds + 1):
        done = [
            await turn(work) for work in (beside.complete, enrol(Applicant.PRINCIPAL), enrol(Applicant.AGENT))
        ]
        if round_ > 0:
            for turns, each in zip((measured.control, measured.principal, measured.agent), done, strict=True):
                turns.append(each)
    return measured


async def cost(ground: Ground, applicant: Applicant) -> Cost:
    """Give what one enrolment costs from the registration to its end."""
    run = await ground.enrolments.complete(applicant, await ground.ticket())
    described = await run.handle.describe()
    info = described.raw_description.workflow_execution_info
    return Cost(events=info.history_length, transitions=info.state_transition_count)


async def _kill(processes: list[Process]) -> None:
    for process in processes:
        process.kill()
        await process.wait()
