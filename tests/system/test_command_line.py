"""`jcan` beside a running stack."""

import json

import pytest

from tests.running.enrolling import People
from tests.running.stack import Stack


async def test_a_reserved_ticket_cannot_be_cancelled_and_a_withdrawn_one_is_free(
    stack: Stack, people: People
) -> None:
    applicant = await people.new()
    await applicant.register()
    assert await _state(stack, applicant.ticket) == "reserved"

    # Temporal is asked for the holder's run, and its core can crash as it goes: the exit code stays ours.
    await stack.jcan("tickets", "cancel", applicant.ticket, code=1)
    await stack.jcan("enrolments", "withdraw", applicant.reference)

    await applicant.mail("withdrawn")
    assert await _state(stack, applicant.ticket) == "free"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tickets", "cancel", "14f75199c-82f4-419b-8041-5f8631cb488ep"), 1),
        (("tickets", "order"), 2),
    ],
)
async def test_the_exit_code_tells_what_became_of_it(
    stack: Stack, arguments: tuple[str, ...], code: int
) -> None:
    await stack.jcan(*arguments, code=code)


async def _state(stack: Stack, number: str) -> str:
    listed = json.loads(await stack.jcan("tickets", "list", "--json"))
    return next(str(ticket["state"]) for ticket in listed if ticket["number"] == number)
