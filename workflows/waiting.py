"""Waiting: for people, until a deadline; for counterparts, unless the enrolment is called off meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from domain.stage import Outcome, Stage
    from workflows.endings import Ended
    from workflows.state import State

T = TypeVar("T")

GRACE = timedelta(seconds=5)
"""How long after a deadline a message that the front received before it may still arrive."""

_EXPIRED = {
    Stage.REGISTERED: Outcome.LINK_EXPIRED,
    Stage.APPLYING: Outcome.APPLICATION_EXPIRED,
    Stage.AWAITING_APPROVAL: Outcome.APPROVAL_EXPIRED,
}
_WITHDRAWN = {
    "request": Outcome.WITHDRAWN_BY_APPLICANT,
    "address_corrected": Outcome.ADDRESS_CORRECTED,
    "replaced": Outcome.REPLACED,
    "cancelled": Outcome.CANCELLED_BY_OPERATOR,
}


def never() -> datetime | None:
    """The alarm that does not ring."""
    return None


async def until(
    state: State, done: Callable[[], bool], summary: str, alarm: Callable[[], datetime | None] = never
) -> bool:
    """Wait until `done` (True), or until the moment that `alarm` gives (False).

    Both the deadline and the alarm may move meanwhile. Raises Ended when the stage's deadline passes, and
    when the enrolment is withdrawn or given up.
    """
    while True:
        end_if_called_off(state)
        if done():
            return True
        deadline = state.until and state.until + GRACE
        bell, now = alarm(), workflow.now()
        if deadline is not None and now >= deadline:
            raise Ended(Stage.EXPIRED, _EXPIRED[state.stage])
        if bell is not None and now >= bell:
            return False
        moments = [moment for moment in (deadline, bell) if moment is not None]
        with contextlib.suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                _something_new(state, done, alarm),
                timeout=min(moments) - now if moments else None,
                timeout_summary=summary,
            )


def _something_new(
    state: State, done: Callable[[], bool], alarm: Callable[[], datetime | None]
) -> Callable[[], bool]:
    deadline, bell = state.until, alarm()
    return lambda: done() or state.called_off or state.until != deadline or alarm() != bell


async def unless_called_off(state: State, activity: asyncio.Task[T]) -> T:
    """Wait for an activity's result. Raises Ended as soon as the enrolment is withdrawn or given up."""
    await workflow.wait_condition(lambda: activity.done() or state.called_off)
    if not activity.done():
        await call_off(activity)
        end_if_called_off(state)
    return await activity


async def until_mended(state: State) -> None:
    """Wait until an operator resumes a parked run. Raises Ended when it is withdrawn or given up."""
    state.resumed = False
    await workflow.wait_condition(lambda: state.resumed or state.called_off)
    end_if_called_off(state)


def end_if_called_off(state: State) -> None:
    """Raise Ended if it was withdrawn or given up, or its certificate revoked before it was in place."""
    if state.revocation is not None:
        raise Ended(Stage.ISSUED, Outcome.REVOKED)
    if state.withdrawal is not None:
        raise Ended(Stage.WITHDRAWN, _WITHDRAWN[state.withdrawal.cause])
    if state.given_up:
        raise Ended(Stage.REJECTED, Outcome.GIVEN_UP)


async def call_off(activity: asyncio.Task[Any]) -> None:
    """Cancel an activity and wait until that is known; a result that comes all the same is thrown away."""
    activity.cancel()
    with contextlib.suppress(FailureError, asyncio.CancelledError):
        await activity
