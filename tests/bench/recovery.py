"""How long until a signal is served when the only worker is killed."""

import asyncio
import os
import signal
import time

import psutil

from domain.stage import Applicant, Stage
from tests.bench.ground import Ground
from tests.running.waiting import until
from workflows.messages import RedeemLink

STEADY = 31.0
"""Seconds after which a worker that dies is started again as soon as one that died for the first time."""

_LOOK_EVERY = 0.02  # seconds


async def after_kill(ground: Ground) -> float:
    """Kill the worker while an enrolment waits; give the seconds until the press of its link is on record."""
    run = await ground.enrolments.start(Applicant.PRINCIPAL, await ground.ticket())
    await ground.enrolments.waits_for_people(run, Stage.REGISTERED)
    worker = psutil.Process(ground.stack.pid("worker"))
    await asyncio.sleep(max(0.0, STEADY - (time.time() - worker.create_time())))
    os.kill(worker.pid, signal.SIGKILL)
    killed = time.perf_counter()
    await run.tell(RedeemLink(generation=1))
    while await ground.enrolments.stage(run) is not Stage.APPLYING:
        await asyncio.sleep(_LOOK_EVERY)
    seconds = time.perf_counter() - killed

    async def back() -> bool:
        return ground.stack.pid("worker") != worker.pid

    await until(back, "the new worker is known")
    return seconds
