"""`python -m tests.workflows.record_histories`: record the histories that the replay test guards.

Run it when a changed workflow is meant to be the new beginning, before anything was released with the old.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from devstack.temporal import dev_server_path
from domain.revocation import RevocationReason
from domain.stage import Applicant, ApprovalDecision, ReviewDecision, Stage
from domain.workflow_ids import retention_id
from tests.workflows.conftest import PERIODS, Enrolling, application, starter
from tests.workflows.test_certificate import begin
from workflows.messages import (
    DecideApproval,
    DecideReview,
    RedeemLink,
    Renewed,
    RequestRevocation,
    ResendLink,
    Revoke,
    SubmitApplication,
    Withdraw,
)
from workflows.names import SEARCH_ATTRIBUTES

HISTORIES = Path(__file__).parent / "histories"
Tale = Callable[[Enrolling], Awaitable[None]]


async def principal(enrolling: Enrolling) -> None:
    """A principal's way, with a second link."""
    await enrolling.with_link()
    await enrolling.tell(ResendLink())
    await enrolling.until(lambda status: status.generation == 2 and status.until is not None)
    await enrolling.tell(RedeemLink(generation=2))
    await enrolling.tell(SubmitApplication(application=application()))


async def agent(enrolling: Enrolling) -> None:
    """An agent's way: sent back once, approved, passed by a reviewer."""
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.until(lambda s: s.stage is Stage.AWAITING_APPROVAL and s.until is not None)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.RETURN, reason="会社名", round=1))
    await enrolling.until(lambda s: s.stage is Stage.APPLYING and s.until is not None)
    await enrolling.tell(RedeemLink(generation=2))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.until(lambda s: s.stage is Stage.AWAITING_APPROVAL and s.until is not None)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=2))
    await enrolling.at(Stage.IN_REVIEW)
    await enrolling.tell(DecideReview(decision=ReviewDecision.APPROVE))


async def withdrawn(enrolling: Enrolling) -> None:
    """A principal who withdraws."""
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(Withdraw())


TALES: dict[str, tuple[Applicant, Tale]] = {
    "principal": (Applicant.PRINCIPAL, principal),
    "agent": (Applicant.AGENT, agent),
    "withdrawn": (Applicant.PRINCIPAL, withdrawn),
}


CERTIFICATE = "certificate"
"""An agent's subscriber is reminded, asks for the revocation, renews, and revokes the old one."""


async def certificate(environment: WorkflowEnvironment) -> None:
    """Record a certificate's life."""
    living, worker = await begin(environment, timedelta(days=25), applicant=Applicant.AGENT)
    async with worker:
        await living.until(lambda _: len(living.world.letters) == 2)
        await living.tell(RequestRevocation(reason=RevocationReason.SUPERSEDED))
        await living.until(lambda status: status.generation == 1)
        await living.tell(Renewed(serial="ab"))
        await living.tell(Revoke(reason=RevocationReason.SUPERSEDED, by="subscriber", generation=1))
        await living.end()
    history = await living.handle.fetch_history()
    (HISTORIES / f"{CERTIFICATE}.json").write_text(history.to_json(), encoding="utf-8")


RETENTION = "retention"
"""An enrolment ended without a certificate, and its period is over."""


async def retention(environment: WorkflowEnvironment) -> None:
    """Record the end of a person's data."""
    moment = PERIODS.model_copy(update={"retention": timedelta(seconds=1)})
    enrolling = await starter(environment)(periods=moment)
    async with enrolling.worker():
        await withdrawn(enrolling)
        await enrolling.end()
        reference = enrolling.handle.id.removeprefix("enrolment-")
        keeping = environment.client.get_workflow_handle(retention_id(reference))
        await keeping.result()
    history = await keeping.fetch_history()
    (HISTORIES / f"{RETENTION}.json").write_text(history.to_json(), encoding="utf-8")


async def main() -> None:
    """Record every tale."""
    HISTORIES.mkdir(exist_ok=True)
    async with _server() as environment:
        await certificate(environment)
        await retention(environment)
        for name, (applicant, tale) in TALES.items():
            enrolling = await starter(environment)(
                applicant, review="operator" if name == "agent" else "auto"
            )
            async with enrolling.worker():
                await tale(enrolling)
                await enrolling.end()
            history = await enrolling.handle.fetch_history()
            (HISTORIES / f"{name}.json").write_text(history.to_json(), encoding="utf-8")


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(dev_server_path()),
        data_converter=pydantic_data_converter,
        search_attributes=list(SEARCH_ATTRIBUTES),
    ) as environment:
        yield environment


if __name__ == "__main__":
    asyncio.run(main())
