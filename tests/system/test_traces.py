"""What a whole test run leaves behind where nothing personal may lie. Runs last: see conftest.py."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest_asyncio
from temporalio.client import Client, WorkflowExecution

from tests.running.enrolling import Enrolling
from tests.running.personal import Personal
from tests.running.stack import Stack
from workflows.names import ATTENTION, CERTIFICATE, ENROLMENT, RETENTION, SEARCH_ATTRIBUTES

AT_ONCE = 8
PARTS: tuple[Literal["web", "worker"], ...] = ("web", "worker")


@pytest_asyncio.fixture(scope="module")
async def personal(stack: Stack, complete: list[Enrolling]) -> Personal:  # noqa: ARG001  it makes some
    """Every address, token, ticket and name of the whole test run."""
    return Personal(stack.handed_out, await stack.mailbox.mails())


async def test_no_log_names_a_token_an_address_or_a_ticket(stack: Stack, personal: Personal) -> None:
    logs = {log.name: log.read_bytes() for log in (*stack.run_dir.logs.iterdir(), stack.output)}
    assert b"/{tenant}/realregist/step1" in logs["web.log"]
    assert b"entered a stage" in logs["worker.log"]
    assert {name: found for name, text in logs.items() if (found := personal.within(text))} == {}


async def test_no_metric_names_a_token_an_address_or_a_ticket(
    stack: Stack, complete: list[Enrolling], personal: Personal
) -> None:
    scraped = {part: (await stack.metrics(part)).encode() for part in PARTS}
    assert b'route="/{tenant}/realregist/step1"' in scraped["web"]
    assert b'jcan_activity_attempts_total{activity="send_mail"}' in scraped["worker"]
    assert {part: found for part, text in scraped.items() if (found := personal.within(text))} == {}
    # Nor an enrolment: there would be as many figures as there are enrolments.
    assert not [each for each in complete for text in scraped.values() if each.reference.encode() in text]


async def test_nothing_personal_lies_in_clear_in_temporals_file(
    stack: Stack, complete: list[Enrolling], personal: Personal
) -> None:
    database = b"".join(path.read_bytes() for path in _files(stack.run_dir.temporal, "temporal.db*"))
    assert all(f"enrolment-{each.reference}".encode() in database for each in complete)
    assert personal.within(database) == set()


async def test_nothing_personal_lies_in_clear_in_any_history_memo_or_search_attribute(
    stack: Stack, complete: list[Enrolling], personal: Personal
) -> None:
    client = await Client.connect(stack.ready["temporal"])
    runs = [run async for run in client.list_workflows()]
    assert {run.workflow_type for run in runs} >= {ENROLMENT, CERTIFICATE, RETENTION}
    assert {run.id for run in runs} >= {f"enrolment-{each.reference}" for each in complete}
    turns = asyncio.Semaphore(AT_ONCE)

    async def dump(run: WorkflowExecution) -> bytes:
        async with turns:
            handle = client.get_workflow_handle(run.id, run_id=run.run_id)
            history, described = await asyncio.gather(handle.fetch_history(), handle.describe())
        events = b"".join(event.SerializeToString() for event in history.events)
        assert b"binary/encrypted" in events, run.id
        return events + described.raw_description.SerializeToString()

    dumps = await asyncio.gather(*map(dump, runs))
    found = {run.id: said for run, text in zip(runs, dumps, strict=True) if (said := personal.within(text))}
    assert found == {}
    ours = {pair.key.name for run in runs for pair in run.typed_search_attributes}
    # A run has one of attention only while it has somebody's.
    everybodys = {key.name for key in SEARCH_ATTRIBUTES if key != ATTENTION}
    assert everybodys <= ours - {"BuildIds"} <= everybodys | {ATTENTION.name}


def _files(directory: Path, pattern: str) -> list[Path]:
    return sorted(path for path in directory.glob(pattern) if path.is_file())
