"""Processes that are killed, and a stack that is stopped, in the middle of somebody's enrolment."""

import asyncio
import os
import signal

import httpx
import psutil

from tests.running.enrolling import ISSUED, People
from tests.running.stack import Stack
from tests.running.waiting import until


async def test_killed_processes_come_back_and_the_enrolment_goes_on(stack: Stack, people: People) -> None:
    applicant = await people.new()
    await applicant.open()
    await applicant.fill_in()
    await asyncio.gather(kill(stack, "worker"), kill(stack, "web"))
    await until(lambda: answers(stack), "the web front answers again", 60)

    await applicant.submit()
    await applicant.shows(ISSUED, within=60)
    await applicant.mail("issued")
    for part, program in (("worker", "worker.py"), ("web", "-m web")):
        assert program in " ".join(psutil.Process(stack.pid(part)).cmdline())


async def test_a_stack_that_was_stopped_carries_on_where_the_enrolment_stood(
    stack: Stack, people: People
) -> None:
    applicant = await people.new()
    await applicant.register()
    link = (await applicant.mail()).link

    await stack.stop()
    await stack.start()

    form = await applicant.press(link)
    assert form.path == f"{applicant.home}/application"
    await applicant.submit()
    await applicant.shows(ISSUED)
    assert (await applicant.mail("issued")).to == applicant.email


async def kill(stack: Stack, part: str) -> None:
    """Kill a part's process and wait until `ready.json` names another one that runs."""
    killed = stack.pid(part)
    os.kill(killed, signal.SIGKILL)

    async def another() -> bool:
        return stack.pid(part) != killed and psutil.pid_exists(stack.pid(part))

    await until(another, f"{part} is started again")


async def answers(stack: Stack) -> bool:
    """Whether the web front can serve."""
    async with httpx.AsyncClient(base_url=stack.web, trust_env=False) as client:
        try:
            return (await client.get("/readyz")).is_success
        except httpx.TransportError:
            return False
