"""How activities are called: without end, and where they are quick, inside the workflow task."""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception
from temporalio.types import MethodAsyncSingleParam

with workflow.unsafe.imports_passed_through():
    from activities.mail import Mail
    from mailing.letter import Letter, Posted

S = TypeVar("S")
P = TypeVar("P")
R = TypeVar("R")

ATTEMPT = timedelta(seconds=30)
"""How long one attempt may take; so late is it noticed that a worker died in the middle of one."""

BRIEF = timedelta(seconds=5)
"""How long an attempt inside a workflow task may take; meanwhile the run hears no message."""

PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)
"""A counterpart that is away is asked again without end; that it came back is enough."""

MAIL_ATTEMPT = timedelta(minutes=2)
"""A mail server may take its time; cut off too early, it would accept the same letter twice."""

_ONCE = RetryPolicy(maximum_attempts=1)


def call(
    activity: MethodAsyncSingleParam[S, P, R],
    argument: P,
    summary: str,
    *,
    attempt: timedelta = ATTEMPT,
    retries: RetryPolicy = PERSISTENT,
    cancellation: workflow.ActivityCancellationType = workflow.ActivityCancellationType.TRY_CANCEL,
) -> workflow.ActivityHandle[R]:
    """Start an activity and give its handle; it is tried until it succeeds, which adds no events."""
    return workflow.start_activity_method(
        activity,
        argument,
        start_to_close_timeout=attempt,
        retry_policy=retries,
        cancellation_type=cancellation,
        summary=summary,
    )


async def call_close_by(activity: MethodAsyncSingleParam[S, P, R], argument: P, summary: str) -> R:
    """Run a short activity within the workflow task, which costs one event in the history instead of six.

    Tried there once. What fails goes on as an ordinary activity: retries of a local one would add events as
    long as the counterpart is away.
    """
    try:
        return await workflow.execute_local_activity_method(
            activity, argument, start_to_close_timeout=BRIEF, retry_policy=_ONCE, summary=summary
        )
    except FailureError as error:
        # What a local activity raises arrives as it is, not in an ActivityError.
        if is_cancelled_exception(error):
            raise
        return await call(activity, argument, summary)


def mail(letter: Letter) -> workflow.ActivityHandle[Posted]:
    """Start to send a letter."""
    summary = f"メール送信 / mail: {letter.kind} {letter.number}"
    return call(Mail.send_mail, letter, summary, attempt=MAIL_ATTEMPT)
