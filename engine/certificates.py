"""The front's way to the certificates' runs."""

import asyncio
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from temporalio.client import WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.service import RPCError

from domain.revocation import CertificateStage
from domain.stage import Verdict
from domain.workflow_ids import certificate_id
from engine.client import Connection
from engine.enrolments import PATIENCE, Gone, reachable
from engine.signals import SIGNALS
from records import certificates, enrolments
from records.database import Database
from records.tables import Certificate
from records.vault import Vault
from settings import Settings
from workflows import wording
from workflows.messages import CertificateStart, CertificateStatus, RequestRevocation, Revoke
from workflows.names import APPLICANT, CERTIFICATE, STAGE, STATUS, TASK_QUEUE, TENANT


class CertificateAnswer(BaseModel):
    """The verdict on a message; None when no worker answered in time ("received, will go on")."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict | None = None
    stage: CertificateStage | None = None


class UnknownCertificate(Exception):
    """We have no certificate with that serial number."""


class CertificateDesk:
    """Hands messages to the runs of certificates."""

    def __init__(self, connection: Connection, database: Database, vault: Vault, settings: Settings) -> None:
        """Take the connection, and where the certificates are on record."""
        self._connection = connection
        self._database = database
        self._vault = vault
        self._link_period = settings.link_ttl

    async def tell(self, serial: str, message: RequestRevocation | Revoke) -> CertificateAnswer:
        """Send a message, then ask once for the verdict on it.

        A valid certificate whose run was terminated gets a new one, so that it can be revoked all the same.
        Raises UnknownCertificate, EngineUnavailable.
        """
        certificate = await self._find(serial)
        client = await self._connection.client()
        handle = client.get_workflow_handle(certificate_id(serial))
        try:
            async with reachable():
                await handle.signal(SIGNALS[type(message)], message)
        except Gone:
            stage = certificates.stage_of(certificate, datetime.now(UTC))
            if stage.ended:
                return CertificateAnswer(verdict=_verdict_after(stage, message), stage=stage)
            await self._begin_anew(certificate, message)
        return await self._ask(serial, message.message_id)

    async def is_open(self, serial: str) -> bool:
        """Tell whether a certificate's run goes on. Raises EngineUnavailable."""
        client = await self._connection.client()
        try:
            async with reachable():
                run = await client.get_workflow_handle(certificate_id(serial)).describe()
        except Gone:
            return False
        return run.status is WorkflowExecutionStatus.RUNNING

    async def _find(self, serial: str) -> Certificate:
        async with self._database.begin() as session:
            certificate = await certificates.find(session, serial)
        if certificate is None:
            raise UnknownCertificate
        return certificate

    async def _begin_anew(self, certificate: Certificate, message: RequestRevocation | Revoke) -> None:
        async with self._database.begin() as session:
            enrolment = await enrolments.find(session, self._vault, certificate.reference)
        if enrolment is None:
            raise UnknownCertificate
        details = enrolment.details
        start = CertificateStart(
            serial=certificate.serial,
            reference=certificate.reference,
            tenant=certificate.tenant,
            not_after=certificate.not_after,
            language=enrolment.language,
            applicant=enrolment.applicant,
            email=details.email if details else None,
            ticket_number=details.ticket_number if details else None,
            application=details.application if details else None,
            link_period=self._link_period,
            generation=certificate.revocation_generation,
            renewed_by=certificate.renewed_by,
        )
        client = await self._connection.client()
        async with reachable():
            # Begun by somebody else in between, it is only signalled.
            await client.start_workflow(
                CERTIFICATE,
                start,
                id=certificate_id(certificate.serial),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal=SIGNALS[type(message)],
                start_signal_args=[message],
                static_summary=wording.summary_of_certificate(start),
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(TENANT, certificate.tenant),
                        SearchAttributePair(STAGE, CertificateStage.VALID.value),
                        SearchAttributePair(APPLICANT, enrolment.applicant.value),
                    ]
                ),
            )

    async def _ask(self, serial: str, message_id: str | None) -> CertificateAnswer:
        client = await self._connection.client()
        handle = client.get_workflow_handle(certificate_id(serial))
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                status: CertificateStatus = await handle.query(
                    STATUS, message_id, result_type=CertificateStatus
                )
        except (TimeoutError, RPCError, RuntimeError, WorkflowQueryFailedError):
            return CertificateAnswer()
        return CertificateAnswer(verdict=status.verdict, stage=status.stage)


def _verdict_after(stage: CertificateStage, message: RequestRevocation | Revoke) -> Verdict:
    again = stage is CertificateStage.REVOKED and isinstance(message, Revoke)
    return Verdict.REPEATED if again else Verdict.TOO_LATE
