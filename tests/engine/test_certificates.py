"""The front's way to the certificates' runs: verdicts, runs that have ended, runs that an operator ended."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Verdict
from domain.workflow_ids import certificate_id
from engine.certificates import CertificateDesk, UnknownCertificate
from engine.client import Connection
from engine.sandbox import sandbox
from mailing.letter import LetterKind
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.certifying import EMAIL, Certify, certifier
from tests.web.enrolling import REFERENCE
from tests.workflows.world import World
from workflows.certificate import Certificate
from workflows.messages import CertificateEnd, CertificateStart, RequestRevocation, Revoke
from workflows.names import TASK_QUEUE


class Connected:
    """A connection that is there already."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def client(self) -> Client:
        return self._client


@pytest.fixture
def certify(database: Database, vault: Vault, settings: Settings) -> Certify:
    return certifier(database, vault, settings)


@pytest.fixture
def desk(
    environment: WorkflowEnvironment, database: Database, vault: Vault, settings: Settings
) -> CertificateDesk:
    connection = cast(Connection, Connected(environment.client))
    return CertificateDesk(connection, database, vault, settings)


@pytest.fixture
async def world(environment: WorkflowEnvironment) -> AsyncIterator[World]:
    """A worker, and the world that it works in."""
    world = World()
    async with Worker(
        environment.client,
        task_queue=TASK_QUEUE,
        workflows=[Certificate],
        activities=world.activities(),
        workflow_runner=sandbox(),
    ):
        yield world


def revoke(message_id: str, reason: RevocationReason = RevocationReason.KEY_COMPROMISE) -> Revoke:
    return Revoke(message_id=message_id, received_at=datetime.now(UTC), reason=reason)


async def begin(environment: WorkflowEnvironment, serial: str) -> None:
    """Begin a certificate's life as its enrolment does."""
    start = CertificateStart(
        serial=serial,
        reference=REFERENCE.text,
        tenant="leopalace",
        not_after=datetime.now(UTC) + timedelta(days=364),
    )
    with environment.with_time_skipping_disabled():
        await environment.client.start_workflow(
            Certificate.run, start, id=certificate_id(serial), task_queue=TASK_QUEUE
        )


def handle_of(environment: WorkflowEnvironment, serial: str) -> WorkflowHandle[Certificate, CertificateEnd]:
    """The newest run of a certificate's life."""
    return environment.client.get_workflow_handle_for(Certificate.run, certificate_id(serial))


async def test_a_message_gets_its_verdict_and_after_the_end_the_record_answers(
    environment: WorkflowEnvironment, desk: CertificateDesk, certify: Certify, world: World
) -> None:
    serial = "aa01"
    await certify(serial=serial)
    await begin(environment, serial)
    answer = await desk.tell(serial, revoke("one"))
    assert answer.verdict is Verdict.ACCEPTED
    await environment.client.get_workflow_handle(certificate_id(serial)).result()
    assert "revoke_certificate" in world.calls
    await certify(serial=serial, revoked_at=datetime.now(UTC))
    assert await desk.tell(serial, revoke("two")) == answer.model_copy(
        update={"verdict": Verdict.REPEATED, "stage": CertificateStage.REVOKED}
    )
    late = RequestRevocation(message_id="three", received_at=datetime.now(UTC))
    assert (await desk.tell(serial, late)).verdict is Verdict.TOO_LATE


async def test_a_run_that_was_terminated_is_begun_anew_to_revoke(
    environment: WorkflowEnvironment, desk: CertificateDesk, certify: Certify, world: World
) -> None:
    serial = "aa02"
    await certify(serial=serial, revocation_generation=4, renewed_by="aa00")
    await begin(environment, serial)
    handle = environment.client.get_workflow_handle(certificate_id(serial))
    await handle.terminate("by mistake")
    asked = RequestRevocation(message_id="ask", received_at=datetime.now(UTC))
    assert (await desk.tell(serial, asked)).verdict is Verdict.ACCEPTED
    assert (await handle_of(environment, serial).query(Certificate.status)).renewed_by == "aa00"
    assert (await desk.tell(serial, revoke("one"))).verdict is Verdict.ACCEPTED
    await environment.client.get_workflow_handle(certificate_id(serial)).result()
    assert world.calls.count("remove_certificate") == 1
    link = world.letters[0]
    assert (link.kind, link.generation, link.to) == (LetterKind.REVOCATION_LINK, 5, EMAIL)
    assert world.kinds()[-1] is LetterKind.REVOKED


async def test_an_expired_certificate_is_not_begun_anew(desk: CertificateDesk, certify: Certify) -> None:
    await certify(serial="aa03", not_after=datetime.now(UTC) - timedelta(days=1))
    answer = await desk.tell("aa03", revoke("one"))
    assert (answer.verdict, answer.stage) == (Verdict.TOO_LATE, CertificateStage.EXPIRED)


async def test_an_unknown_certificate_is_told_so(desk: CertificateDesk, database: Database) -> None:
    assert database is not None
    with pytest.raises(UnknownCertificate):
        await desk.tell("aa04", revoke("one"))


async def test_without_a_worker_a_message_is_kept(
    environment: WorkflowEnvironment, desk: CertificateDesk, certify: Certify
) -> None:
    await certify(serial="aa05")
    await begin(environment, "aa05")
    assert (await desk.tell("aa05", revoke("one"))).verdict is None
    await environment.client.get_workflow_handle(certificate_id("aa05")).terminate("the test is over")
