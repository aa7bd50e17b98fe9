"""A tenant whose applications an operator reviews: they wait, and go on when somebody decides."""

import asyncio
import json
from uuid import uuid4

import httpx

from devstack.temporal import dev_server_path
from tests.running.console import console
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import Stack, run

IN_REVIEW = "審査を待っています"
SENT_BACK = "差し戻されました"
WITHDRAWN = "申請は取り下げられました"
AT_ONCE = 3


async def in_review(people: People) -> Enrolling:
    """An application at contracthub that waits for its review."""
    applicant = await people.new(tenant="contracthub", company_code="contracthub")
    await applicant.open()
    await applicant.submit()
    await applicant.shows(IN_REVIEW)
    return applicant


async def test_it_goes_on_when_the_command_line_approves(stack: Stack, people: People) -> None:
    applicant = await in_review(people)
    assert "in_review" in await stack.jcan("enrolments", "show", applicant.reference)

    said = await stack.jcan("enrolments", "review", applicant.reference, "approve")

    assert "Accepted" in said
    await applicant.shows(ISSUED)
    assert (await applicant.mail("issued")).to == applicant.email
    assert "issued (installed)" in await stack.jcan("enrolments", "show", applicant.reference)


async def test_what_is_sent_back_is_corrected_in_the_browser_that_is_there(
    stack: Stack, people: People
) -> None:
    applicant = await in_review(people)
    reason = ("--reason", "会社名が違います")
    said = await stack.jcan("enrolments", "review", applicant.reference, "return", *reason)
    assert "Accepted" in said
    await applicant.shows(SENT_BACK)
    await applicant.submit()
    await applicant.shows(IN_REVIEW)


async def test_it_goes_on_after_a_signal_in_plain_json(stack: Stack, people: People) -> None:
    applicant = await in_review(people)
    ready = stack.ready
    signal = ["workflow", "signal", "--workflow-id", f"enrolment-{applicant.reference}"]
    signal += ["--name", "decide_review", "--input", json.dumps({"decision": "approve"})]
    where = ["--address", ready["temporal"], "--namespace", ready["namespace"]]
    await run([str(dev_server_path()), *signal, *where], {"HOME": str(stack.run_dir.path)})

    await applicant.shows(ISSUED)
    assert (await applicant.mail("issued")).to == applicant.email


async def test_of_a_reviewer_and_a_withdrawal_at_the_same_moment_one_wins_and_nobody_is_told_otherwise(
    stack: Stack, people: People
) -> None:
    async with console(stack) as operator:

        async def approve(applicant: Enrolling) -> str:
            place = f"/console/enrolments/{applicant.reference}"
            data = {"decision": "approve", "form_id": uuid4().hex}
            answer = await operator.post(f"{place}/review", data=data)
            assert answer.is_success, answer.text
            return httpx.QueryParams(answer.url.query)["said"]

        async def both_press() -> None:
            applicant = await in_review(people)
            asked = await applicant.get(f"{applicant.home}/status/withdraw")
            said, withdrawal = await asyncio.gather(
                approve(applicant), applicant.post(asked.form_action(), asked.posted_fields())
            )
            too_late = withdrawal.status == httpx.codes.CONFLICT
            await applicant.shows(ISSUED if too_late else WITHDRAWN)
            # "received": nobody said in time which of the two it was.
            assert said in ({"accepted"} if too_late else {"accepted", "too_late"}) | {"received"}
            listed = json.loads(await stack.jcan("certificates", "list", "--json"))
            own = [each for each in listed if each["reference"].replace("-", "") == applicant.reference]
            assert len(own) == int(too_late)
            await applicant.mail("issued" if too_late else "withdrawn")

        await asyncio.gather(*(both_press() for _ in range(AT_ONCE)))
