"""What the front does with enrolments: start one, tell it something, ask where it stands."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.registration import Registration
from domain.stage import Applicant, Language, Outcome, Stage, Verdict
from domain.tenant import Tenant
from domain.workflow_ids import enrolment_id
from engine.client import Connection
from engine.signals import SIGNALS
from engine.unavailable import EngineUnavailable
from records import enrolments, limits, tickets
from records.database import Database
from records.missing import Missing
from settings import Settings
from workflows import messages as wire
from workflows.messages import EnrolmentEnd, EnrolmentStart, Message, Periods, StatusAnswer
from workflows.names import APPLICANT, ENROLMENT, STAGE, STATUS, TASK_QUEUE, TENANT

_LOOK_EVERY = 0.05  # seconds
PATIENCE = timedelta(seconds=3)
"""How long a page waits for a verdict before it says "received, will go on"."""

_AWAY = frozenset(
    {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED}
)


class RegisterRequest(BaseModel):
    """A registration as it came in; the same `reference` again is the same registration."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    tenant: str
    registration: Registration
    language: Language
    launched: bool = False
    renews: str | None = None
    received_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class RegistrationAnswer(BaseModel):
    """What became of a registration.

    `accepted`: the ticket is reserved. `resent`: the same registration waits already and gets a new link.
    `too_often`: it waits already, and gets no new link before `wait` is over; the one that it has stays good.
    `refused`: see the outcome. `unknown`: nobody answered in time; it will go on, and be told by mail.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["accepted", "resent", "too_often", "refused", "unknown"]
    outcome: Outcome | None = None
    wait: timedelta | None = None


class Answer(BaseModel):
    """The verdict on a message; None when no worker answered in time ("received, will go on").

    `closed`: the run has ended, so the message was not taken; the read model tells how it ended.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict | None = None
    stage: Stage | None = None
    outcome: Outcome | None = None
    closed: bool = False


class EnrolmentDesk:
    """The front's way to the workflows."""

    def __init__(
        self, connection: Connection, database: Database, settings: Settings, tenants: Mapping[str, Tenant]
    ) -> None:
        """Take the connection, and the tenants whose rules each new enrolment starts with."""
        self._connection = connection
        self._database = database
        self._settings = settings
        self._tenants = tenants

    async def register(self, request: RegisterRequest) -> RegistrationAnswer:
        """Start an enrolment and wait a moment for its ticket. Raises EngineUnavailable."""
        waiting = await self._same_registration(request)
        if waiting is not None and await self.is_open(waiting):
            wait = await self._count_new_link(waiting, request)
            if wait is not None:
                return RegistrationAnswer(state="too_often", wait=wait)
            again = wire.ResendLink(
                message_id=f"again-{request.reference}",
                received_at=request.received_at,
                purpose="application",
            )
            answer = await self.tell(waiting, again)
            if answer.verdict in {Verdict.ACCEPTED, None} and not answer.closed:
                return RegistrationAnswer(state="resent")
        async with reachable():
            await self.start(request)
        return await self._ticket_verdict(request.reference)

    async def start(self, request: RegisterRequest) -> WorkflowHandle[Any, EnrolmentEnd]:
        """Start an enrolment, or give the run that was started with this reference. Raises RPCError."""
        tenant = self._tenants[request.tenant]
        start = EnrolmentStart(
            reference=request.reference,
            tenant=tenant.name,
            registration=request.registration,
            language=request.language,
            received_at=request.received_at,
            review=tenant.review,
            launched=request.launched,
            renews=request.renews,
            periods=Periods(
                link=self._settings.link_ttl,
                application=self._settings.application_ttl,
                approval=self._settings.approval_ttl,
                review_patience=self._settings.review_patience,
                retention=self._settings.retention,
            ),
        )
        client = await self._connection.client()
        try:
            return await client.start_workflow(
                ENROLMENT,
                start,
                id=enrolment_id(request.reference),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                result_type=EnrolmentEnd,
                static_summary=_summary(tenant, request),
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(TENANT, tenant.name),
                        SearchAttributePair(STAGE, Stage.REGISTERED.value),
                        SearchAttributePair(APPLICANT, request.registration.applicant.value),
                    ]
                ),
            )
        except WorkflowAlreadyStartedError:
            return await self._handle(request.reference)

    async def tell(self, reference: str, message: Message) -> Answer:
        """Send a message, then ask once for the verdict on it. Raises EngineUnavailable."""
        handle = await self._handle(reference)
        try:
            async with reachable():
                await handle.signal(SIGNALS[type(message)], message)
        except Gone:
            return Answer(closed=True)
        status = await self._ask(handle, message.message_id)
        if status is None:
            return Answer()
        return Answer(verdict=status.verdict, stage=status.stage, outcome=status.outcome)

    async def status(self, reference: str) -> StatusAnswer | None:
        """Give where an enrolment stands by its own word; None when no worker answers in time."""
        return await self._ask(await self._handle(reference), None)

    async def is_open(self, reference: str) -> bool:
        """Tell whether an enrolment's run goes on; a terminated one does not. Raises EngineUnavailable."""
        handle = await self._handle(reference)
        try:
            async with reachable():
                return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        except Gone:
            return False

    async def missing(self) -> Missing | None:
        """Say what Temporal lacks for us to work there; itself, while it cannot be reached."""
        return await self._connection.missing()

    async def _same_registration(self, request: RegisterRequest) -> str | None:
        registration = request.registration
        async with self._database.begin() as session:
            ticket = await tickets.find_ticket(session, registration.ticket_number)
            if ticket is None or ticket.reserved_by in {None, request.reference}:
                return None
            row = await enrolments.holder(session, str(ticket.reserved_by))
        digest = enrolments.address_digest(self._settings.digest_key, registration.email)
        same = (
            row is not None
            and ticket.company_code == registration.company_code
            and (row.stage, row.email_digest, row.applicant)
            == (Stage.REGISTERED, digest, registration.applicant)
        )
        return ticket.reserved_by if same else None

    async def _count_new_link(self, waiting: str, request: RegisterRequest) -> timedelta | None:
        uses = limits.new_links_of(waiting, "applicant")
        async with self._database.begin() as session:
            return await limits.take_press(
                session, f"again-{request.reference}", uses, self._settings.digest_key
            )

    async def _ticket_verdict(self, reference: str) -> RegistrationAnswer:
        """Wait until it is on record what became of the ticket.

        The run itself is not asked: a question that meets it between two tasks can make it see its history in
        another order than whoever takes it over later.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
        while asyncio.get_running_loop().time() < deadline:
            async with self._database.view() as session:
                row = await enrolments.holder(session, reference)
            if row is not None and Stage(row.stage).ended:
                return RegistrationAnswer(state="refused", outcome=row.outcome and Outcome(row.outcome))
            if row is not None:
                return RegistrationAnswer(state="accepted")
            await asyncio.sleep(_LOOK_EVERY)
        return RegistrationAnswer(state="unknown")

    async def _ask(
        self, handle: WorkflowHandle[Any, EnrolmentEnd], message_id: str | None
    ) -> StatusAnswer | None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                answer: StatusAnswer = await handle.query(STATUS, message_id, result_type=StatusAnswer)
                return answer
        except (TimeoutError, RPCError, RuntimeError, WorkflowQueryFailedError):
            return None

    async def _handle(self, reference: str) -> WorkflowHandle[Any, EnrolmentEnd]:
        client = await self._connection.client()
        return client.get_workflow_handle(enrolment_id(reference), result_type=EnrolmentEnd)


class Gone(Exception):
    """The run has closed, or there was none."""


@asynccontextmanager
async def reachable() -> AsyncIterator[None]:
    """Raise Gone where there is no open run, and EngineUnavailable where Temporal does not answer."""
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Gone from None
        if error.status in _AWAY:
            raise EngineUnavailable from None
        raise
    except RuntimeError:
        # A client that never was connected says so this way.
        raise EngineUnavailable from None


def _summary(tenant: Tenant, request: RegisterRequest) -> str:
    agents = request.registration.applicant is Applicant.AGENT
    kind = "代理人申請 / by an agent" if agents else "本人申請 / by the principal"
    return f"{tenant.mail_label} · {kind} · {request.reference}"
