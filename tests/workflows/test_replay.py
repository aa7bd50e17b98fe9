"""Recorded histories replay: a change that would break runs that are under way is found here."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from engine.sandbox import sandbox
from tests.workflows.conftest import StartEnrolment
from tests.workflows.record_histories import CERTIFICATE, HISTORIES, RETENTION, TALES, principal
from tests.workflows.world import World
from workflows.certificate import Certificate
from workflows.enrolment import Enrolment
from workflows.retention import Retention

_A_MOMENT = 0.02  # seconds


@dataclass
class SlowWorld(World):
    """Counterparts that take a moment; `most` is how many were called at once from within workflow tasks."""

    now: int = 0
    most: int = 0

    def activities(self) -> Sequence[Callable[..., Any]]:
        """All of them, each taking its moment."""

        def slow(quick: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            @functools.wraps(quick)
            async def take_a_moment(*arguments: Any) -> Any:
                local = int(activity.info().is_local)
                self.now += local
                self.most = max(self.most, self.now)
                await asyncio.sleep(_A_MOMENT)
                self.now -= local
                return await quick(*arguments)

            return take_a_moment

        return [slow(each) for each in super().activities()]


def make_replayer() -> Replayer:
    """A replayer of all that is recorded here."""
    return Replayer(
        workflows=[Enrolment, Certificate, Retention],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
    )


@pytest.mark.parametrize("name", [*TALES, CERTIFICATE, RETENTION])
async def test_a_recorded_run_replays(name: str) -> None:
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    await make_replayer().replay_workflow(WorkflowHistory.from_json(name, text))


async def test_local_activities_of_a_run_come_one_after_the_other(enrol: StartEnrolment) -> None:
    # Replayed, those that ended together would be heard of in another order, and one get another's result.
    world = SlowWorld()
    enrolling = await enrol(world=world)
    await principal(enrolling)
    await enrolling.end()
    assert world.most == 1
    await make_replayer().replay_workflow(await enrolling.handle.fetch_history())
