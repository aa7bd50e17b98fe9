"""What enrolments are measured beside: a workflow with as many activities and signals, which do nothing.

`python -m tests.bench.control ADDRESS NAMESPACE` is its worker. It says on standard output which run
waits for a signal, so that the signal can be sent then, as people send theirs.
"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

TASK_QUEUE = "control"
SIGNALS = 3
_ACTIVITIES_BEFORE_SIGNAL = (3, 2, 2)
_ACTIVITIES_AT_THE_END = 2
_ATTEMPT = timedelta(seconds=30)


@activity.defn(name="nothing")
async def nothing(_: str) -> str:
    """Do nothing."""
    return ""


@activity.defn(name="nothing_then_wait")
async def nothing_then_wait(workflow_id: str) -> str:
    """Do nothing, the last time before a signal is waited for."""
    print(workflow_id, flush=True)  # noqa: T201 - this is how it is heard
    return ""


@workflow.defn(name="Control")
class Control:
    """Nine activities and three signals."""

    def __init__(self) -> None:
        """Begin."""
        self._signals = 0

    @workflow.run
    async def run(self) -> None:
        """Call, wait, call."""
        name = workflow.info().workflow_id
        for number, activities in enumerate(_ACTIVITIES_BEFORE_SIGNAL, 1):
            for _ in range(activities - 1):
                await workflow.execute_activity(nothing, name, start_to_close_timeout=_ATTEMPT)
            await workflow.execute_activity(nothing_then_wait, name, start_to_close_timeout=_ATTEMPT)
            await workflow.wait_condition(lambda number=number: self._signals >= number)  # type: ignore[misc]
        for _ in range(_ACTIVITIES_AT_THE_END):
            await workflow.execute_activity(nothing, name, start_to_close_timeout=_ATTEMPT)

    @workflow.signal
    def go(self) -> None:
        """Go on."""
        self._signals += 1


async def main(address: str, namespace: str) -> None:
    """Serve until killed."""
    client = await Client.connect(address, namespace=namespace)
    worker = Worker(
        client, task_queue=TASK_QUEUE, workflows=[Control], activities=[nothing, nothing_then_wait]
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
    os._exit(0)
