"""How short activities are called: within the workflow task, where one costs one event instead of six."""

import asyncio
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception
from temporalio.types import MethodAsyncSingleParam

with workflow.unsafe.imports_passed_through():
    from activities.mail import Mail
    from mailing.letter import Letter, Posted
    from workflows.calling import ATTEMPT, MAIL_ATTEMPT, call, mail_summary

S = TypeVar("S")
P = TypeVar("P")
R = TypeVar("R")

BRIEF = timedelta(seconds=5)
"""How long an attempt within the workflow task may take; meanwhile the run hears no message."""

BRIEF_FOR_MAIL = timedelta(seconds=15)
"""The same for a letter: cut off too early, a mail server that takes its time would accept it twice."""

_ONCE = RetryPolicy(maximum_attempts=1)


class CloseBy:
    """Calls short activities as local ones, one after the other.

    Of several that ended together, a run that is replayed would hear in another order than it did at first.
    """

    def __init__(self) -> None:
        """Serve one run."""
        self._turn = asyncio.Lock()

    async def call(
        self,
        activity: MethodAsyncSingleParam[S, P, R],
        argument: P,
        summary: str,
        *,
        brief: timedelta = BRIEF,
        attempt: timedelta = ATTEMPT,
        cancellation: workflow.ActivityCancellationType = workflow.ActivityCancellationType.TRY_CANCEL,
    ) -> R:
        """Run an activity until it succeeds.

        Tried here once. What fails goes on as an ordinary activity: retries of a local one would add events
        as long as the counterpart is away.
        """
        try:
            async with self._turn:
                return await workflow.execute_local_activity_method(
                    activity,
                    argument,
                    start_to_close_timeout=brief,
                    retry_policy=_ONCE,
                    cancellation_type=cancellation,
                    summary=summary,
                )
        except FailureError as error:
            # What a local activity raises arrives as it is, not in an ActivityError.
            if is_cancelled_exception(error):
                raise
            return await call(activity, argument, summary, attempt=attempt, cancellation=cancellation)

    def mail(self, letter: Letter) -> asyncio.Task[Posted]:
        """Start to send a letter that nothing waits for; mostly the mail server takes it at once."""
        summary = mail_summary(letter)
        return asyncio.create_task(
            self.call(Mail.send_mail, letter, summary, brief=BRIEF_FOR_MAIL, attempt=MAIL_ATTEMPT)
        )
