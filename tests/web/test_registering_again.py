"""Registering the same again: a new link, no more often than by asking for one."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from temporalio.client import WorkflowHandle

from domain.reference import Reference
from domain.registration import Registration
from domain.stage import Applicant, Language, Stage, Verdict
from engine.client import Connection
from engine.enrolments import Answer, EnrolmentDesk, RegisterRequest, RegistrationAnswer
from records import tickets
from records.database import Database
from records.vault import Vault
from settings import Settings
from tenants import load_tenants
from tests.web.certifying import EMAIL
from tests.web.conftest import NewTicket, RecordingDesk, Visitor
from tests.web.enrolling import HOME, REFERENCE, link, writer
from workflows.messages import EnrolmentEnd, Message

Register = Callable[[int], Awaitable[RegistrationAnswer]]


class Desk(EnrolmentDesk):
    """The desk, with nothing behind it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(cast(Connection, None), database, settings, load_tenants())
        self.messages: list[tuple[str, Message]] = []
        self.open = True
        self.started = 0
        self._run = cast(WorkflowHandle[Any, EnrolmentEnd], object())

    async def is_open(self, reference: str) -> bool:
        """As the test wants it."""
        return self.open and reference == REFERENCE.text

    async def tell(self, reference: str, message: Message) -> Answer:
        """Note a message."""
        self.messages.append((reference, message))
        return Answer(verdict=Verdict.ACCEPTED, stage=Stage.REGISTERED)

    async def start(self, request: RegisterRequest) -> WorkflowHandle[Any, EnrolmentEnd]:
        """Count an enrolment."""
        assert request.reference != REFERENCE.text
        self.started += 1
        return self._run

    async def _ticket_verdict(self, reference: str) -> RegistrationAnswer:
        assert reference != REFERENCE.text
        return RegistrationAnswer(state="accepted")


@pytest.fixture
def again(database: Database, settings: Settings) -> Desk:
    """The desk at which somebody registers again."""
    return Desk(database, settings)


@pytest.fixture
async def register(
    again: Desk, database: Database, vault: Vault, settings: Settings, new_ticket: NewTicket
) -> Register:
    """Register once more what waits for its link to be opened; each number is a form of its own."""
    ticket = await new_ticket()
    async with database.begin() as session:
        await tickets.reserve(session, ticket, "leo-sign", REFERENCE.text)
    await writer(database, vault, settings)(email=EMAIL, ticket_number=ticket)

    async def do(form: int) -> RegistrationAnswer:
        return await again.register(
            RegisterRequest(
                reference=Reference(form.to_bytes(8)).text,
                tenant="leopalace",
                registration=Registration(
                    applicant=Applicant.PRINCIPAL, company_code="leo-sign", ticket_number=ticket, email=EMAIL
                ),
                language=Language.JA,
            )
        )

    return do


async def test_a_new_link_comes_once_a_minute_and_the_same_form_is_not_counted_twice(
    again: Desk, register: Register
) -> None:
    assert [(await register(form)).state for form in (1, 1, 2)] == ["resent", "resent", "too_often"]
    refused = await register(2)
    assert refused.wait is not None
    assert 0 < refused.wait.total_seconds() <= 60
    assert {(reference, message.message_id) for reference, message in again.messages} == {
        (REFERENCE.text, f"again-{Reference((1).to_bytes(8)).text}")
    }


async def test_it_uses_the_share_of_who_asks_for_a_new_link(
    again: Desk, register: Register, visitor: Visitor, settings: Settings, desk: RecordingDesk
) -> None:
    page = await visitor.get(link(settings, generation=0))
    assert page.posted_fields()["purpose"] == "application"
    assert (await visitor.press(page)).path == f"{HOME}/link"
    assert len(desk.messages) == 1
    assert (await register(1)).state == "too_often"
    assert again.messages == []


async def test_where_the_run_is_gone_it_is_a_registration_of_its_own(again: Desk, register: Register) -> None:
    await register(1)
    again.open = False
    assert (await register(2)).state == "accepted"
    assert again.started == 1
