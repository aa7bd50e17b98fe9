"""A tenant whose applications an operator reviews: they wait, and go on when somebody decides."""

import json

from devstack.temporal import dev_server_path
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import Stack, run

IN_REVIEW = "審査を待っています"


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


async def test_it_goes_on_after_a_signal_in_plain_json(stack: Stack, people: People) -> None:
    applicant = await in_review(people)
    ready = stack.ready
    signal = ["workflow", "signal", "--workflow-id", f"enrolment-{applicant.reference}"]
    signal += ["--name", "decide_review", "--input", json.dumps({"decision": "approve"})]
    where = ["--address", ready["temporal"], "--namespace", ready["namespace"]]
    await run([str(dev_server_path()), *signal, *where], {"HOME": str(stack.run_dir.path)})

    await applicant.shows(ISSUED)
    assert (await applicant.mail("issued")).to == applicant.email
