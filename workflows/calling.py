"""How activities are called: without end."""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.types import MethodAsyncSingleParam

with workflow.unsafe.imports_passed_through():
    from activities.mail import Mail
    from mailing.letter import Letter, Posted

S = TypeVar("S")
P = TypeVar("P")
R = TypeVar("R")

ATTEMPT = timedelta(seconds=30)
"""How long one attempt may take; so late is it noticed that a worker died in the middle of one."""

PERSISTENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)
"""A counterpart that is away is asked again without end; that it came back is enough."""

MAIL_ATTEMPT = timedelta(minutes=2)
"""A mail server may take its time; cut off too early, it would accept the same letter twice."""


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


def mail(letter: Letter) -> workflow.ActivityHandle[Posted]:
    """Start to send a letter."""
    return call(Mail.send_mail, letter, mail_summary(letter), attempt=MAIL_ATTEMPT)


def mail_summary(letter: Letter) -> str:
    """Say which letter is sent."""
    return f"メール送信 / mail: {letter.kind} {letter.number}"
