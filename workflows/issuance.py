"""From the cleared application to the installed certificate: key, request, order, issuance, installation."""

import asyncio
import contextlib
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import (
    RetryPolicy,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import (
    ApplicationError,
    WorkflowAlreadyStartedError,
)

with workflow.unsafe.imports_passed_through():
    from activities.authority import (
        CertificateAuthority,
        CheckRequest,
        FetchCertificate,
        Fetched,
        OrderCertificate,
        order_id_of,
    )
    from activities.certificates import Certificates
    from activities.econtract import (
        CreateCredential,
        Credential,
        DeleteCredential,
        EContract,
        InstallCertificate,
        RemoveCertificate,
    )
    from domain.application import Application
    from domain.revocation import CertificateStage, RevocationReason
    from domain.stage import Attention, Outcome, Stage
    from domain.workflow_ids import certificate_id
    from workflows import wording
    from workflows.calling import call
    from workflows.certificate import Certificate
    from workflows.close_by import CloseBy
    from workflows.endings import Ended, Refused
    from workflows.messages import CertificateStart, Renewed, Revoke
    from workflows.names import APPLICANT, STAGE, TENANT
    from workflows.office import Office
    from workflows.state import State
    from workflows.waiting import call_off, unless_called_off, until_mended

SLOW = RetryPolicy(initial_interval=timedelta(seconds=30), maximum_interval=timedelta(minutes=30))
"""How a certificate that takes days is asked for; the CA's hook makes it quick."""


class Issuance:
    """Gets one enrolment's certificate, as often as it takes."""

    def __init__(self, state: State, office: Office, close_by: CloseBy) -> None:
        """Serve one enrolment."""
        self._state = state
        self._office = office
        self._close_by = close_by

    async def obtain(self, application: Application) -> Fetched:
        """Get the certificate; every refusal parks the run, and resuming begins anew with a new key."""
        while True:
            try:
                return await self._fetch(await self._order(application))
            except Refused as refused:
                await self._park(refused)
            await self.delete_credential()
            self._state.order_round += 1

    async def install(self, fetched: Fetched) -> None:
        """Put the certificate into the e-contract service, and begin its own life."""
        state = self._state
        if fetched.not_after is None or state.credential_id is None:
            raise ApplicationError("a certificate without an end or a place", non_retryable=True)
        await self._begin_life(fetched.serial, fetched.not_after)
        install = InstallCertificate(
            credential_id=state.credential_id, certificate=fetched.certificate, chain=fetched.chain
        )
        kin = await self._close_by.call(
            Certificates.find_kin,
            fetched.serial,
            "更新前の証明書 / find the certificates that this one follows",
        )
        if kin.revoked:
            raise Ended(Stage.ISSUED, Outcome.REVOKED)
        while (problem := await self._put_in_place(install)) is not None:
            await self._park(Refused(Attention.INSTALLATION_REFUSED, problem))
        for serial in kin.predecessors:
            await self._tell(
                serial, Renewed(message_id=f"renewed-by-{fetched.serial}", serial=fetched.serial)
            )

    async def clear_away(self) -> None:
        """Leave nothing of an enrolment that ended otherwise: a certificate, if there is one, is revoked."""
        state = self._state
        if state.serial is not None and state.credential_id is not None:
            reason = state.revocation.reason if state.revocation else RevocationReason.CESSATION_OF_OPERATION
            if state.revocation is None:
                await self._tell(state.serial, Revoke(message_id="given-up", reason=reason, by="workflow"))
            remove = RemoveCertificate(credential_id=state.credential_id, serial=state.serial, reason=reason)
            await call(EContract.remove_certificate, remove, "証明書の削除 / remove the certificate")
        await self.delete_credential()

    async def delete_credential(self) -> None:
        """Delete the key at the e-contract service, if one was ever asked for."""
        state = self._state
        if state.credential_asked and state.credential_id is None and state.application is not None:
            # It may have been made although we never heard its name: asking again tells it.
            credential = await self._ask_for_credential(state.application)
            state.credential_id = credential.credential_id or None
        if state.credential_id is not None:
            delete = DeleteCredential(credential_id=state.credential_id)
            await call(EContract.delete_credential, delete, "鍵の削除 / delete the key")
        state.credential_asked, state.credential_id = False, None

    async def _put_in_place(self, install: InstallCertificate) -> str | None:
        """Install; gives the code of a refusal. Called off, it is over only when no attempt is under way."""
        installing = self._close_by.call(
            EContract.install_certificate,
            install,
            "証明書の登録 / install the certificate",
            cancellation=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        return (await unless_called_off(self._state, asyncio.create_task(installing))).problem

    async def _tell(self, serial: str, message: Renewed | Revoke) -> None:
        certificate = workflow.get_external_workflow_handle(certificate_id(serial))
        stamped = message.model_copy(update={"received_at": workflow.now()})
        # Its life may have ended just now.
        with contextlib.suppress(ApplicationError):
            await certificate.signal("renewed" if isinstance(stamped, Renewed) else "revoke", stamped)

    async def _order(self, application: Application) -> OrderCertificate:
        state = self._state
        asking = asyncio.create_task(self._ask_for_credential(application))
        credential = await unless_called_off(state, asking)
        if credential.problem is not None:
            raise Refused(Attention.CERTIFICATION_REQUEST_REFUSED, credential.problem)
        state.credential_id = credential.credential_id
        order = OrderCertificate(
            reference=state.start.reference,
            round=state.order_round,
            tenant=state.start.tenant,
            csr=credential.csr,
            subject=application.subject,
            validity_years=application.validity_years,
        )
        check = CheckRequest.model_validate(order.model_dump(exclude={"tenant"}))
        checking = self._close_by.call(
            CertificateAuthority.check_request, check, "署名要求の検査 / check the certification request"
        )
        verdict = await unless_called_off(state, asyncio.create_task(checking))
        if not verdict.accepted:
            raise Refused(Attention.CERTIFICATION_REQUEST_REFUSED, verdict.problem, verdict.findings)
        await self._send(order)
        return order

    async def _ask_for_credential(self, application: Application) -> Credential:
        self._state.credential_asked = True
        subject = application.subject
        create = CreateCredential(
            reference=self._state.start.reference, email=subject.email, name=subject.common_name
        )
        return await self._close_by.call(
            EContract.create_credential, create, "鍵と署名要求 / key and certification request"
        )

    async def _send(self, order: OrderCertificate) -> None:
        state = self._state
        # From here on the CA may have accepted, whatever we hear: only a revocation undoes it.
        state.ordered, state.order_id = True, order_id_of(order.reference, order.round)
        self._office.note("ordering", round=order.round)
        ordered = await self._close_by.call(
            CertificateAuthority.order_certificate, order, "証明書の発注 / order the certificate"
        )
        if ordered.problem is not None:
            state.ordered = state.ticket_consumed
            raise Refused(Attention.CERTIFICATE_REFUSED, ordered.problem, ordered.findings)
        state.ticket_consumed = True
        self._office.use_up_ticket()
        self._office.note("ordered", round=order.round)

    async def _fetch(self, order: OrderCertificate) -> Fetched:
        fetch = FetchCertificate(
            order_id=order_id_of(order.reference, order.round),
            reference=order.reference,
            tenant=order.tenant,
            csr=order.csr,
            subject=order.subject,
        )
        fetched = await self._fetch_when_issued(fetch)
        if fetched.problem is not None:
            raise Refused(Attention.CERTIFICATE_REFUSED, fetched.problem, fetched.findings, fetched.serial)
        return fetched

    async def _fetch_when_issued(self, fetch: FetchCertificate) -> Fetched:
        """Ask slowly by itself, and at once whenever somebody says that it is issued."""
        while True:
            self._state.issued = False
            fetching = call(
                CertificateAuthority.fetch_certificate,
                fetch,
                "証明書の取得（発行待ち）/ fetch the certificate, once issued",
                retries=SLOW,
            )
            await self._fetched_or_nudged(fetching)
            if fetching.done():
                return await fetching
            # Asked anew, the first try is at once.
            await call_off(fetching)

    async def _fetched_or_nudged(self, fetching: workflow.ActivityHandle[Fetched]) -> None:
        await workflow.wait_condition(lambda: fetching.done() or self._state.issued)

    async def _begin_life(self, serial: str, not_after: datetime) -> None:
        state, start = self._state, self._state.start
        life = CertificateStart(
            serial=serial,
            reference=start.reference,
            tenant=start.tenant,
            not_after=not_after,
            language=start.language,
            applicant=start.registration.applicant,
            email=state.email,
            ticket_number=start.registration.ticket_number,
            application=state.application,
            credential_id=state.credential_id,
            link_period=start.periods.link,
        )
        # A run that was reset has started it before.
        with contextlib.suppress(WorkflowAlreadyStartedError):
            _ = await workflow.start_child_workflow(
                Certificate.run,
                life,
                id=certificate_id(serial),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=wording.summary_of_certificate(life),
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(TENANT, start.tenant),
                        SearchAttributePair(STAGE, CertificateStage.VALID.value),
                        SearchAttributePair(APPLICANT, start.registration.applicant.value),
                    ]
                ),
            )

    async def _park(self, refused: Refused) -> None:
        state = self._state
        state.attention, state.problem = refused.attention, refused.problem
        self._office.note(
            "parked", "workflow", attention=refused.attention, problem=refused.problem, **refused.facts
        )
        await until_mended(state)
        state.attention = state.problem = None
        self._office.note("resumed")
