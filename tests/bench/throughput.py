"""How many enrolments a second, beside control workflows on the same server; and what one costs there."""

import asyncio
import statistics
import sys
import time
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client

from domain.stage import Applicant
from tests.bench import control
from tests.bench.enrolments import Enrolments

IN_FLIGHT = 24
"""How many go on at once: enough to keep two cores busy."""

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Rates:
    """Whole runs a second, one figure for each round, the rounds of all three taking turns."""

    control: list[float]
    principal: list[float]
    agent: list[float]

    def ratio(self, rates: list[float]) -> float:
        """Give the median of what each round reached of its control's rate."""
        return statistics.median(mine / base for mine, base in zip(rates, self.control, strict=True))


@dataclass(frozen=True)
class Cost:
    """What one run costs at the Temporal server."""

    events: int
    transitions: int


class Controls:
    """Control workflows, and the process that serves them."""

    def __init__(self, client: Client, process: Process) -> None:
        """Take the client, and the worker's process."""
        self._client = client
        self._process = process
        self._waiting: dict[str, asyncio.Queue[None]] = {}

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
        """Hear which run waits, until the process ends."""
        if self._process.stdout is None:
            raise RuntimeError("nothing to listen to")
        async for line in self._process.stdout:
            self._waiting[line.decode().strip()].put_nowait(None)


@asynccontextmanager
async def controls(address: str, namespace: str) -> AsyncIterator[Controls]:
    """Run the control's worker for the length of the block."""
    command = [sys.executable, "-m", "tests.bench.control", address, namespace]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    running = Controls(await Client.connect(address, namespace=namespace), process)
    listening = asyncio.create_task(running.listen())
    try:
        yield running
    finally:
        process.kill()
        await process.wait()
        await listening


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


async def measure(
    enrolments: Enrolments, beside: Controls, tickets: Callable[[], str], runs: int, rounds: int
) -> Rates:
    """Measure all three in turn, after a round of each that does not count."""

    def enrol(applicant: Applicant) -> Work:
        return lambda: enrolments.complete(applicant, tickets())

    rates = Rates([], [], [])
    for round_ in range(rounds + 1):
        done = [
            await rate(work, runs)
            for work in (beside.complete, enrol(Applicant.PRINCIPAL), enrol(Applicant.AGENT))
        ]
        if round_ > 0:
            for figures, figure in zip((rates.control, rates.principal, rates.agent), done, strict=True):
                figures.append(figure)
    return rates


async def cost(enrolments: Enrolments, applicant: Applicant, ticket: str) -> Cost:
    """Give what one enrolment costs from the registration to its end."""
    run = await enrolments.complete(applicant, ticket)
    described = await run.handle.describe()
    info = described.raw_description.workflow_execution_info
    return Cost(events=info.history_length, transitions=info.state_transition_count)
