"""A real Temporal server whose clock skips what nobody waits for, and enrolments in a world of their own."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.application import Application
from domain.reference import Reference
from domain.registration import Registration
from domain.stage import Applicant, Language, Stage
from domain.workflow_ids import enrolment_id
from engine.sandbox import sandbox
from engine.signals import SIGNALS
from tests.workflows.world import World
from workflows.certificate import Certificate
from workflows.enrolment import Enrolment
from workflows.messages import EnrolmentEnd, EnrolmentStart, Message, Periods, StatusAnswer
from workflows.retention import Retention

PERIODS = Periods(
    link=timedelta(days=3),
    application=timedelta(days=1),
    approval=timedelta(days=14),
    review_patience=timedelta(days=5),
)


class StartEnrolment(Protocol):
    """How a test starts an enrolment."""

    async def __call__(
        self,
        applicant: Applicant = ...,
        review: Literal["auto", "operator"] = ...,
        world: World | None = ...,
        periods: Periods = ...,
        received_at: datetime | None = ...,
    ) -> "Enrolling":
        """Start it."""
        ...


@dataclass
class Enrolling:
    """One enrolment under test: its run, its world, and how far its clock was put forward."""

    environment: WorkflowEnvironment
    world: World
    handle: WorkflowHandle[Enrolment, EnrolmentEnd]
    task_queue: str
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The run's present."""
        return datetime.now(UTC) + self.ahead

    async def tell(self, message: Message, at: datetime | None = None) -> StatusAnswer:
        """Send a message as the front does, and give the answer of the query."""
        message_id = message.message_id or uuid.uuid4().hex
        stamp = {"message_id": message_id, "received_at": at or self.now()}
        await self.handle.signal(SIGNALS[type(message)], message.model_copy(update=stamp))
        return await self.handle.query(Enrolment.status, message_id)

    async def send(self, message: Message, at: datetime) -> None:
        """Send a message when no worker may be there to answer."""
        await self.handle.signal(SIGNALS[type(message)], message.model_copy(update={"received_at": at}))

    async def status(self) -> StatusAnswer:
        """Where it stands."""
        return await self.handle.query(Enrolment.status)

    async def until(self, condition: Callable[[StatusAnswer], bool]) -> StatusAnswer:
        """Wait until the run says so."""
        async with asyncio.timeout(20):
            while not condition(status := await self.status()):
                await asyncio.sleep(0.02)
        return status

    async def at(self, stage: Stage) -> StatusAnswer:
        """Wait for a stage."""
        return await self.until(lambda status: status.stage is stage)

    async def with_link(self) -> StatusAnswer:
        """Wait until the stage's link was accepted by the mail server, so that its deadline stands."""
        return await self.until(lambda status: status.until is not None)

    async def pass_time(self, by: timedelta) -> None:
        """Put the run's clock forward."""
        await self.environment.fast_forward(self.handle, by)
        self.ahead += by

    async def end(self) -> EnrolmentEnd:
        """Wait for the run's end."""
        async with asyncio.timeout(30):
            return await self.handle.result()

    async def timer_fired(self) -> None:
        """Wait, by the real clock and without a worker, until the run's timer is in its history."""
        async with asyncio.timeout(20):
            while not any(
                event.HasField("timer_fired_event_attributes")
                for event in (await self.handle.fetch_history()).events
            ):
                await asyncio.sleep(0.1)

    async def reset_to(self, event_id: int) -> WorkflowHandle[Enrolment, EnrolmentEnd]:
        """Reset the run as an operator does in the UI; later signals are applied again."""
        client = self.environment.client
        description = await self.handle.describe()
        reset = await client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=self.handle.id, run_id=description.run_id),
                workflow_task_finish_event_id=event_id,
                reason="test",
                request_id=uuid.uuid4().hex,
            )
        )
        return client.get_workflow_handle_for(Enrolment.run, self.handle.id, run_id=reset.run_id)

    def worker(self) -> Worker:
        """A worker for this run."""
        return Worker(
            self.environment.client,
            task_queue=self.task_queue,
            workflows=[Enrolment, Certificate, Retention],
            activities=self.world.activities(),
            workflow_runner=sandbox(),
        )


@pytest.fixture
def start_enrolment(environment: WorkflowEnvironment) -> StartEnrolment:
    """Start an enrolment, without a worker."""
    return starter(environment)


def starter(environment: WorkflowEnvironment) -> StartEnrolment:
    """Give what starts enrolments on a server, without a worker."""

    async def start(
        applicant: Applicant = Applicant.PRINCIPAL,
        review: Literal["auto", "operator"] = "auto",
        world: World | None = None,
        periods: Periods = PERIODS,
        received_at: datetime | None = None,
    ) -> Enrolling:
        reference = Reference.from_bytes(os.urandom(8)).text
        task_queue = f"enrolment-{reference}"
        registration = Registration(
            applicant=applicant,
            company_code="leo-sign",
            ticket_number=f"1{uuid.uuid4()}p",
            email="hanako.sato@example.jp" if applicant is Applicant.AGENT else "taro.takahashi@example.jp",
        )
        with environment.with_time_skipping_disabled():
            handle = await environment.client.start_workflow(
                Enrolment.run,
                EnrolmentStart(
                    reference=reference,
                    tenant="leopalace",
                    registration=registration,
                    language=Language.JA,
                    received_at=received_at or datetime.now(UTC),
                    review=review,
                    periods=periods,
                ),
                id=enrolment_id(reference),
                task_queue=task_queue,
            )
        enrolling = Enrolling(environment, world or World(), handle, task_queue)
        enrolling.world.clock = enrolling.now
        return enrolling

    return start


@pytest.fixture
async def enrol(start_enrolment: StartEnrolment) -> AsyncIterator[StartEnrolment]:
    """Start an enrolment with a worker that serves it until the test's end."""
    async with AsyncExitStack() as workers:

        async def start(*arguments: Any, **options: Any) -> Enrolling:
            enrolling = await start_enrolment(*arguments, **options)
            await workers.enter_async_context(enrolling.worker())
            return enrolling

        yield start


def application(applicant: Applicant = Applicant.PRINCIPAL, **changes: Any) -> Application:
    """An application for the organisation of the ticket."""
    agents = {"agent_name": "佐藤 花子", "agent_company": "株式会社サンプル"}
    return Application.model_validate(
        {
            "family_name": "髙橋",
            "given_name": "太郎",
            "family_name_latin": "Takahashi",
            "given_name_latin": "Taro",
            "family_name_kana": "タカハシ",
            "given_name_kana": "タロウ",
            "company_name": "株式会社サンプル",
            "company_name_latin": "Sample Corporation",
            "corporate_number": "9999999999999",
            "email": "taro.takahashi@example.jp",
            "phone": "0300000000",
            "validity_years": 1,
        }
        | (agents if applicant is Applicant.AGENT else {})
        | changes
    )
