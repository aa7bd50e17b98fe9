"""The filters that the runbook names, each as it stands there, find what it says."""

import asyncio
import json
import re
from pathlib import Path

from temporalio.client import Client

from domain.reference import Reference
from domain.workflow_ids import certificate_id, enrolment_id, retention_id
from tests.running.enrolling import Enrolling, People, new_address
from tests.running.stack import Stack
from tests.running.waiting import until

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| ([^|]+) \| `(\w+ (?:=|IS) [^`]+)` \|$", re.MULTILINE)
FILTERS = dict(ROW.findall(OPERATIONS.read_text(encoding="utf-8")))


async def test_each_filter_finds_what_it_says(
    stack: Stack, people: People, complete: list[Enrolling]
) -> None:
    issued, _agent, gone = complete
    refused, waiting, asked = await asyncio.gather(_refused(people), _waiting(people), _asked(people))
    listed = json.loads(await stack.jcan("certificates", "list", "--json"))
    own = Reference.parse(issued.reference).grouped
    serial = next(each["serial"] for each in listed if each["reference"] == own)
    expected = {
        "everything parked or overdue": enrolment_id(refused.reference),
        "refused mails": enrolment_id(refused.reference),
        "what waits for a review at one service owner's": enrolment_id(waiting.reference),
        "agents' applications that are not approved yet": enrolment_id(asked.reference),
        "one enrolment": enrolment_id(issued.reference),
        "certificates that count": certificate_id(serial),
        "who will be erased by themselves": retention_id(gone.reference),
    }
    client = await Client.connect(stack.ready["temporal"])

    async def finds(what: str) -> set[str]:
        query = FILTERS[what].replace("REFERENCE", issued.reference)
        return {run.id async for run in client.list_workflows(query)}

    async def all_found() -> bool:
        return all([wanted in await finds(what) for what, wanted in expected.items()])

    await until(all_found, "each filter finds one of those that it is for")
    assert await finds("bugs") == set()
    assert FILTERS.keys() - expected.keys() == {"bugs"}
    for each in (refused, waiting, asked):
        await stack.jcan("enrolments", "withdraw", each.reference)


async def _refused(people: People) -> Enrolling:
    """Somebody whose mail server refuses for good."""
    who = await people.new(email=new_address().replace("example.jp", "refused.example"))
    await who.register()
    return who


async def _waiting(people: People) -> Enrolling:
    """Somebody whose application waits for its review."""
    who = await people.new(tenant="contracthub", company_code="contracthub")
    await who.open()
    await who.submit()
    return who


async def _asked(people: People) -> Enrolling:
    """An agent whose principal is asked."""
    who, principal = await people.new(applicant="agent"), new_address()
    await who.open()
    await who.submit(email=principal, email_confirmation=principal)
    return who
