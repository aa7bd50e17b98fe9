"""Reserving a ticket: run twice, died after the effect, given up by a run that is closed, replaced."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment

from activities.journal import Journal, Record, TicketEffect
from activities.tickets import ReserveTicket, Tickets
from domain.stage import Applicant, Language, Outcome, Stage
from domain.workflow_ids import enrolment_id
from records import audit, drafts, enrolments, tickets
from records.audit import Entry
from records.database import Database
from records.enrolments import Details, Standing
from records.tickets import Organisation, today_in_japan
from records.vault import Vault
from settings import Settings

SAMPLE = Organisation("9999999999999", "株式会社サンプル", "Sample Corporation")
NOW = datetime(2026, 11, 24, 1, 24, tzinfo=UTC)


@workflow.defn
class Open:
    """A run that stays open."""

    @workflow.run
    async def run(self) -> None:
        """Wait for ever."""
        await workflow.wait_condition(lambda: False)


@pytest.fixture
async def number(database: Database) -> str:
    """A free ticket."""
    async with database.begin() as session:
        last_day = today_in_japan() + timedelta(days=30)
        return (await tickets.order(session, "leo-sign", SAMPLE, 1, last_day))[0]


@pytest.fixture
def reserving(
    database: Database, vault: Vault, settings: Settings, environment: WorkflowEnvironment
) -> Tickets:
    """The activity."""
    return Tickets(database, vault, settings.digest_key, environment.client)


@pytest.fixture
def journal(database: Database, vault: Vault, settings: Settings) -> Journal:
    """The activity that writes down where an enrolment stands."""
    return Journal(database, vault, settings.digest_key)


def standing(reference: str, stage: Stage = Stage.REGISTERED) -> Standing:
    """A standing."""
    return Standing(
        reference=reference,
        tenant="leopalace",
        applicant=Applicant.PRINCIPAL,
        language=Language.JA,
        stage=stage,
        since=NOW,
        until=None,
        attention=None,
        outcome=None,
        generation=1,
        redeemed_generation=None,
        approval_round=0,
        ordered=False,
        registered_at=NOW,
    )


def details(number: str, email: str = "taro@example.jp") -> Details:
    """What is personal."""
    return Details(email=email, ticket_number=number)


def wanted(reference: str, number: str, email: str = "taro@example.jp") -> ReserveTicket:
    """A reservation."""
    entry = Entry(key=f"{reference}.registered", at=NOW, actor="applicant", action="registered")
    return ReserveTicket(
        company_code="leo-sign",
        standing=standing(reference),
        details=details(number, email),
        entries=[entry.model_copy(update={"reference": reference})],
    )


async def open_run(environment: WorkflowEnvironment, reference: str) -> None:
    """Start a run that holds what it holds."""
    await environment.client.start_workflow(
        Open.run, id=enrolment_id(reference), task_queue=f"nobody-{uuid.uuid4()}"
    )


async def test_reserved_twice_is_one_reservation_one_row_one_entry(
    reserving: Tickets, number: str, database: Database, vault: Vault
) -> None:
    first = await reserving.reserve(wanted("A", number))
    again = await reserving.reserve(wanted("A", number))
    assert first == again
    assert first.organisation == SAMPLE
    async with database.begin() as session:
        assert len(await audit.entries_of(session, "A")) == 1
        enrolment = await enrolments.find(session, vault, "A")
    assert enrolment is not None
    assert enrolment.details is not None
    assert enrolment.details.company_name == "株式会社サンプル"


async def test_a_ticket_held_by_an_open_run_of_another_address_is_taken(
    reserving: Tickets, number: str, environment: WorkflowEnvironment
) -> None:
    holder = uuid.uuid4().hex
    await open_run(environment, holder)
    await reserving.reserve(wanted(holder, number))
    answer = await reserving.reserve(wanted("B", number, "hanako@example.jp"))
    assert answer.refusal is Outcome.TICKET_TAKEN


async def test_the_same_address_waiting_for_its_link_is_replaced(
    reserving: Tickets, number: str, environment: WorkflowEnvironment
) -> None:
    holder = uuid.uuid4().hex
    await open_run(environment, holder)
    await reserving.reserve(wanted(holder, number))
    answer = await reserving.reserve(wanted("B", number))
    assert (answer.refusal, answer.replaced) == (None, holder)
    # The worker may have died before it heard: the older run must be told all the same.
    assert await reserving.reserve(wanted("B", number)) == answer


async def test_the_same_address_at_a_later_stage_is_not_replaced(
    reserving: Tickets, journal: Journal, number: str, environment: WorkflowEnvironment
) -> None:
    holder = uuid.uuid4().hex
    await open_run(environment, holder)
    await reserving.reserve(wanted(holder, number))
    await journal.record(Record(standing=standing(holder, Stage.APPLYING), details=details(number)))
    assert (await reserving.reserve(wanted("B", number))).refusal is Outcome.TICKET_TAKEN


async def test_a_reservation_whose_run_was_terminated_is_free_at_its_next_use(
    reserving: Tickets, number: str, environment: WorkflowEnvironment
) -> None:
    holder = uuid.uuid4().hex
    await open_run(environment, holder)
    await reserving.reserve(wanted(holder, number))
    await environment.client.get_workflow_handle(enrolment_id(holder)).terminate()
    answer = await reserving.reserve(wanted("B", number, "hanako@example.jp"))
    assert (answer.refusal, answer.replaced) == (None, holder)
    assert answer.organisation == SAMPLE


async def test_of_many_runs_at_once_one_reserves(
    reserving: Tickets, number: str, environment: WorkflowEnvironment
) -> None:
    references = [uuid.uuid4().hex for _ in range(6)]
    for reference in references:
        await open_run(environment, reference)
    answers = await asyncio.gather(
        *(reserving.reserve(wanted(r, number, f"{r}@example.jp")) for r in references)
    )
    assert [answer.refusal for answer in answers].count(None) == 1


@pytest.mark.parametrize(
    ("effect", "state"), [("release", "free"), ("consume", "used"), ("keep", "reserved")]
)
async def test_the_tickets_end_is_written_with_the_standing_and_twice_is_once(
    reserving: Tickets, journal: Journal, number: str, database: Database, effect: TicketEffect, state: str
) -> None:
    await reserving.reserve(wanted("A", number))
    entry = Entry(key="A.end.1", at=NOW, actor="workflow", action="end", reference="A")
    record = Record(standing=standing("A"), details=details(number), entries=[entry], ticket=effect)
    await journal.record(record)
    await journal.record(record)
    async with database.begin() as session:
        ticket = await tickets.find_ticket(session, number)
        assert [e.action for e in await audit.entries_of(session, "A")] == ["registered", "end"]
    assert ticket is not None
    assert ticket.state(today_in_japan()) == state


@pytest.mark.parametrize("stage", [Stage.AWAITING_APPROVAL, Stage.IN_REVIEW, Stage.EXPIRED])
async def test_a_draft_is_dropped_once_the_form_is_sent_or_over(
    journal: Journal, number: str, database: Database, vault: Vault, stage: Stage
) -> None:
    async with database.begin() as session:
        await drafts.save(session, vault, "A", {"family_name": "髙橋"})
    await journal.record(Record(standing=standing("A", Stage.APPLYING), details=details(number)))
    async with database.begin() as session:
        assert await drafts.load(session, vault, "A") == {"family_name": "髙橋"}
    await journal.record(Record(standing=standing("A", stage), details=details(number)))
    async with database.begin() as session:
        assert await drafts.load(session, vault, "A") == {}


async def test_nothing_personal_stands_in_clear_in_the_read_model(
    reserving: Tickets, number: str, database: Database
) -> None:
    await reserving.reserve(wanted("A", number))
    async with database.begin() as session:
        row = await enrolments.holder(session, "A")
    assert row is not None
    stored = {name: value for name, value in vars(row).items() if not name.startswith("_")}
    assert "taro" not in str(stored)
    assert number not in str(stored)


async def test_a_writing_that_comes_after_a_later_one_of_its_run_changes_nothing(
    journal: Journal, database: Database, vault: Vault
) -> None:
    async def write(run_id: str, revision: int, stage: Stage) -> Stage:
        told = standing("A", stage).model_copy(update={"run_id": run_id, "revision": revision})
        await journal.record(Record(standing=told, details=details("1-p")))
        async with database.begin() as session:
            enrolment = await enrolments.find(session, vault, "A")
        assert enrolment is not None
        return enrolment.stage

    assert await write("first", 1, Stage.REGISTERED) is Stage.REGISTERED
    assert await write("first", 3, Stage.IN_REVIEW) is Stage.IN_REVIEW
    assert await write("first", 2, Stage.APPLYING) is Stage.IN_REVIEW, "held up, and too late"
    assert await write("first", 3, Stage.IN_REVIEW) is Stage.IN_REVIEW, "the same once more"
    assert await write("reset", 1, Stage.REGISTERED) is Stage.REGISTERED, "a run that was reset begins anew"
