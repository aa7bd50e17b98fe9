"""The story of one enrolment, from the registration to the installed certificate."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.authority import (
        CertificateAuthority,
        CheckRequest,
        FetchCertificate,
        Fetched,
        OrderCertificate,
        order_id_of,
    )
    from activities.econtract import (
        CreateCredential,
        Credential,
        DeleteCredential,
        EContract,
        InstallCertificate,
    )
    from activities.tickets import ReserveTicket, Tickets
    from domain.application import Application
    from domain.stage import (
        ApprovalDecision,
        Attention,
        Outcome,
        ReviewDecision,
        Stage,
        Verdict,
    )
    from domain.workflow_ids import certificate_id, enrolment_id
    from mailing.letter import Letter, LetterKind, Posted
    from records.audit import Entry, Fact
    from workflows import letters, wording
    from workflows.certificate import Certificate, CertificateStart
    from workflows.messages import (
        CertificateIssued,
        CorrectPrincipal,
        DecideApproval,
        DecideReview,
        EnrolmentEnd,
        EnrolmentStart,
        GiveUp,
        LinkPurpose,
        Message,
        RedeemLink,
        ResendLink,
        Resume,
        StatusAnswer,
        SubmitApplication,
        Withdraw,
    )
    from workflows.names import ATTENTION, STAGE
    from workflows.office import ATTEMPT, PERSISTENT, Office
    from workflows.standing import answer_of, details_of, standing_of
    from workflows.state import Link, State
    from workflows.verdicts import link_of, verdict_on

GRACE = timedelta(seconds=5)
"""How long after a deadline a message that the front received before it may still arrive."""

ANSWER_TIME = timedelta(seconds=3)
"""How long the front waits for the ticket's verdict; later the applicant hears it by mail."""

SLOW = RetryPolicy(initial_interval=timedelta(seconds=30), maximum_interval=timedelta(minutes=30))
"""How a certificate that takes days is asked for; the CA's hook makes it quick."""

REMINDERS = (3 / 14, 7 / 14)
"""When the principal is reminded, as shares of the approval's period."""

T = TypeVar("T")

_EXPIRED = {
    Stage.REGISTERED: Outcome.LINK_EXPIRED,
    Stage.APPLYING: Outcome.APPLICATION_EXPIRED,
    Stage.AWAITING_APPROVAL: Outcome.APPROVAL_EXPIRED,
}
_WITHDRAWN = {
    "request": Outcome.WITHDRAWN_BY_APPLICANT,
    "address_corrected": Outcome.ADDRESS_CORRECTED,
    "replaced": Outcome.REPLACED,
    "cancelled": Outcome.CANCELLED_BY_OPERATOR,
}
_UNTOLD = frozenset({Outcome.ADDRESS_CORRECTED, Outcome.REPLACED})
"""Ends of which nobody is told: the same person has registered again."""


class Ended(Exception):
    """The story ends here."""

    def __init__(self, stage: Stage, outcome: Outcome) -> None:
        """Say how."""
        super().__init__(outcome)
        self.stage, self.outcome = stage, outcome


class Refused(Exception):
    """The certificate cannot be had before somebody mends something."""

    def __init__(self, attention: Attention, problem: str | None) -> None:
        """Say what asks for attention, and the problem's code."""
        super().__init__(attention)
        self.attention, self.problem = attention, problem


@workflow.defn(name="Enrolment")
class Enrolment:
    """One person's way from the registration to the installed certificate."""

    @workflow.init
    def __init__(self, start: EnrolmentStart) -> None:
        """Take the registration; messages may arrive before the story begins."""
        self._state = State(start=start, since=start.received_at)
        self._office = Office(self._state)
        self._problem: str | None = None
        self._count = 0

    @workflow.run
    async def run(self, start: EnrolmentStart) -> EnrolmentEnd:
        """Live the story. Cancelling the run in Temporal is withdrawing the enrolment."""
        office = self._office.start()
        story = asyncio.create_task(self._story())
        while not story.done():
            try:
                await workflow.wait([story, *office], return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                self._cancelled()
            for task in office:
                if task.done():
                    task.result()
        story.result()
        await workflow.wait_condition(workflow.all_handlers_finished)
        state = self._state
        if state.outcome is None:
            raise ApplicationError("the story ended without an outcome", non_retryable=True)
        return EnrolmentEnd(stage=state.stage, outcome=state.outcome, serial=state.serial)

    async def _story(self) -> None:
        try:
            await self._reserve_ticket()
            await self._wait_for_redemption()
            while not await self._application_is_cleared():
                self._send_back()
            fetched = await self._obtain_certificate()
            await self._install(fetched)
            self._end(Stage.ISSUED, Outcome.INSTALLED)
        except Ended as end:
            self._end(end.stage, end.outcome)
        await self._clean_up()
        await self._office.finished()

    # The story's steps, in order

    async def _reserve_ticket(self) -> None:
        start = self._state.start
        wanted = ReserveTicket(
            company_code=start.registration.company_code,
            standing=standing_of(self._state),
            details=details_of(self._state),
            entries=[self._entry("registered", "applicant", start.received_at, launched=start.launched)],
        )
        reservation = await workflow.execute_activity_method(
            Tickets.reserve,
            wanted,
            start_to_close_timeout=ATTEMPT,
            retry_policy=PERSISTENT,
            summary="チケットの確保 / reserve the ticket",
        )
        if reservation.refusal is not None:
            raise Ended(Stage.REJECTED, reservation.refusal)
        self._state.organisation = reservation.organisation
        if reservation.replaced is not None:
            await self._replace(reservation.replaced)

    async def _wait_for_redemption(self) -> None:
        self._enter(Stage.REGISTERED)
        self._mail_application_link()
        await self._until(lambda: self._state.redeemed_at is not None, "リンクの有効期限 / link expires")

    async def _application_is_cleared(self) -> bool:
        await self._wait_for_application()
        if self._state.is_agents and not await self._is_approved():
            return False
        return await self._is_reviewed()

    async def _wait_for_application(self) -> None:
        self._state.submitted = False
        if self._state.stage is not Stage.APPLYING:
            self._enter(Stage.APPLYING)
        await self._until(lambda: self._state.submitted, "発行申請の期限 / application expires")

    async def _is_approved(self) -> bool:
        state = self._state
        state.approval = None
        self._enter(Stage.AWAITING_APPROVAL)
        state.approval_link.renew()
        self._mail_approval_link()
        await self._until_decided()
        approval: DecideApproval = _known(state.approval)
        if approval.decision is ApprovalDecision.REFUSE:
            raise Ended(Stage.REFUSED, Outcome.REFUSED_BY_PRINCIPAL)
        if approval.decision is ApprovalDecision.RETURN:
            state.return_reason, state.returned_by = approval.reason, "principal"
            return False
        number = state.approval_link.generation
        self._office.post(letters.to_applicant(state, LetterKind.APPROVAL_GIVEN, number))
        return True

    async def _is_reviewed(self) -> bool:
        state = self._state
        state.review = None
        self._enter(Stage.IN_REVIEW)
        if state.start.review == "auto" and self._is_for_tickets_organisation():
            state.review = DecideReview(decision=ReviewDecision.APPROVE, decided_by="policy")
            self._note("review_passed", "policy")
        else:
            if not state.is_agents:
                number = state.link.generation
                self._office.post(letters.to_applicant(state, LetterKind.APPLICATION_RECEIVED, number))
            await self._until_reviewed()
        review: DecideReview = _known(state.review)
        if review.decision is ReviewDecision.REJECT:
            raise Ended(Stage.REJECTED, Outcome.REJECTED_BY_REVIEWER)
        if review.decision is ReviewDecision.RETURN:
            state.return_reason, state.returned_by = review.reason, "reviewer"
            return False
        return True

    def _send_back(self) -> None:
        state = self._state
        state.link.renew()
        state.redeemed_at = None
        self._enter(Stage.APPLYING)
        self._mail_application_link()
        if state.is_agents:
            self._office.post(letters.returned_notice(state))

    async def _obtain_certificate(self) -> Fetched:
        self._enter(Stage.ISSUING)
        while True:
            try:
                return await self._fetch(await self._order())
            except Refused as refused:
                await self._park(refused.attention, refused.problem)
            await self._delete_credential()
            self._state.order_round += 1

    async def _install(self, fetched: Fetched) -> None:
        state = self._state
        if fetched.not_after is None or state.credential_id is None:
            raise ApplicationError("a certificate without an end or a place", non_retryable=True)
        state.serial, state.not_after = fetched.serial, fetched.not_after
        self._enter(Stage.INSTALLING, serial=fetched.serial)
        await self._begin_certificates_life(fetched.serial, fetched.not_after)
        install = InstallCertificate(
            credential_id=state.credential_id, certificate=fetched.certificate, chain=fetched.chain
        )
        while True:
            installed = await workflow.execute_activity_method(
                EContract.install_certificate,
                install,
                start_to_close_timeout=ATTEMPT,
                retry_policy=PERSISTENT,
                summary="証明書の登録 / install the certificate",
            )
            if installed.problem is None:
                return
            await self._park(Attention.INSTALLATION_REFUSED, installed.problem)

    def _end(self, stage: Stage, outcome: Outcome) -> None:
        state = self._state
        state.outcome = outcome
        state.attention = None
        self._office.drop_links()
        if not state.ordered:
            self._office.free_ticket()
        self._enter(stage, outcome=outcome)
        if outcome in _UNTOLD or (state.organisation is None and self._front_has_told()):
            return
        for letter in letters.notices_of_end(state):
            self._office.post(letter)

    async def _clean_up(self) -> None:
        if self._state.stage is not Stage.ISSUED:
            await self._delete_credential()

    # What the steps are made of

    async def _order(self) -> OrderCertificate:
        state = self._state
        credential = await self._unless_withdrawn(self._ask_for_credential())
        if credential.problem is not None:
            raise Refused(Attention.CERTIFICATION_REQUEST_REFUSED, credential.problem)
        state.credential_id = credential.credential_id
        application = self._application()
        order = OrderCertificate(
            reference=state.start.reference,
            round=state.order_round,
            tenant=state.start.tenant,
            csr=credential.csr,
            subject=application.subject,
            validity_years=application.validity_years,
        )
        check = workflow.start_activity_method(
            CertificateAuthority.check_request,
            CheckRequest.model_validate(order.model_dump(exclude={"tenant"})),
            start_to_close_timeout=ATTEMPT,
            retry_policy=PERSISTENT,
            summary="署名要求の検査 / check the certification request",
        )
        verdict = await self._unless_withdrawn(check)
        if not verdict.accepted:
            raise Refused(Attention.CERTIFICATION_REQUEST_REFUSED, verdict.problem)
        await self._send(order)
        return order

    def _ask_for_credential(self) -> workflow.ActivityHandle[Credential]:
        self._state.credential_asked = True
        subject = self._application().subject
        return workflow.start_activity_method(
            EContract.create_credential,
            CreateCredential(
                reference=self._state.start.reference, email=subject.email, name=subject.common_name
            ),
            start_to_close_timeout=ATTEMPT,
            retry_policy=PERSISTENT,
            summary="鍵と署名要求 / key and certification request",
        )

    async def _send(self, order: OrderCertificate) -> None:
        state = self._state
        # From here on the CA may have accepted, whatever we hear: only a revocation undoes it.
        state.ordered, state.order_id = True, order_id_of(order.reference, order.round)
        self._note("ordering", "workflow", round=order.round)
        ordered = await workflow.execute_activity_method(
            CertificateAuthority.order_certificate,
            order,
            start_to_close_timeout=ATTEMPT,
            retry_policy=PERSISTENT,
            summary="証明書の発注 / order the certificate",
        )
        if ordered.problem is not None:
            state.ordered = False
            raise Refused(Attention.CERTIFICATE_REFUSED, ordered.problem)
        self._office.use_up_ticket()
        self._note("ordered", "workflow", round=order.round)

    async def _fetch(self, order: OrderCertificate) -> Fetched:
        fetch = FetchCertificate(
            order_id=order_id_of(order.reference, order.round),
            reference=order.reference,
            tenant=order.tenant,
            csr=order.csr,
            subject=order.subject,
        )
        fetched = await self._fetch_now_and_then(fetch)
        if fetched.problem is not None:
            raise Refused(Attention.CERTIFICATE_REFUSED, fetched.problem)
        return fetched

    async def _fetch_now_and_then(self, fetch: FetchCertificate) -> Fetched:
        while True:
            self._state.issued = False
            fetching = workflow.start_activity_method(
                CertificateAuthority.fetch_certificate,
                fetch,
                start_to_close_timeout=ATTEMPT,
                retry_policy=SLOW,
                summary="証明書の取得（発行待ち）/ fetch the certificate, once issued",
            )
            await workflow.wait_condition(lambda: fetching.done() or self._state.issued)
            if fetching.done():
                return await fetching
            await _called_off(fetching)

    async def _begin_certificates_life(self, serial: str, not_after: datetime) -> None:
        start = self._state.start
        life = CertificateStart(
            serial=serial, reference=start.reference, tenant=start.tenant, not_after=not_after
        )
        # A run that was reset has started it before.
        with contextlib.suppress(WorkflowAlreadyStartedError):
            _ = await workflow.start_child_workflow(
                Certificate.run,
                life,
                id=certificate_id(serial),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"証明書 / certificate {serial}",
            )

    async def _delete_credential(self) -> None:
        state = self._state
        if state.credential_asked and state.credential_id is None:
            # It may have been made although we never heard its name: asking again tells it.
            credential = await self._ask_for_credential()
            state.credential_id = credential.credential_id or None
        if state.credential_id is not None:
            await workflow.execute_activity_method(
                EContract.delete_credential,
                DeleteCredential(credential_id=state.credential_id),
                start_to_close_timeout=ATTEMPT,
                retry_policy=PERSISTENT,
                summary="鍵の削除 / delete the key",
            )
        state.credential_asked, state.credential_id = False, None

    async def _replace(self, reference: str) -> None:
        older = workflow.get_external_workflow_handle_for(Enrolment.run, enrolment_id(reference))
        withdrawal = Withdraw(
            message_id=f"replaced-by-{self._state.start.reference}",
            received_at=self._state.start.received_at,
            by="newer_registration",
            cause="replaced",
        )
        # It may have ended just now; then there is nothing to withdraw.
        with contextlib.suppress(ApplicationError):
            await older.signal(Enrolment.withdraw, withdrawal)

    # Waiting

    async def _until(
        self, done: Callable[[], bool], summary: str, alarm: Callable[[], datetime | None] = lambda: None
    ) -> bool:
        """Wait until `done` (True) or until the alarm (False). Raises Ended: expired, withdrawn, given up."""
        state = self._state
        while True:
            self._end_if_called_off()
            if done():
                return True
            until, bell = state.until, alarm()
            now = workflow.now()
            if until is not None and now >= until + GRACE:
                raise Ended(Stage.EXPIRED, _EXPIRED[state.stage])
            if bell is not None and now >= bell:
                return False
            moments = [moment for moment in (until and until + GRACE, bell) if moment is not None]
            with contextlib.suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda until=until, bell=bell: (  # type: ignore[misc]  # mypy cannot infer defaults
                        done() or self._is_called_off() or state.until != until or alarm() != bell
                    ),
                    timeout=min(moments) - now if moments else None,
                    timeout_summary=summary,
                )

    async def _until_decided(self) -> None:
        state = self._state

        def next_reminder() -> datetime | None:
            link = state.approval_link
            if link.opened_at is None or link.reminded >= len(REMINDERS):
                return None
            return link.opened_at + state.start.periods.approval * REMINDERS[link.reminded]

        while not await self._until(
            lambda: state.approval is not None, "承認の期限・催促 / approval: reminder or end", next_reminder
        ):
            state.approval_link.reminded += 1
            self._office.post(letters.approval_reminder(state, state.approval_link.reminded))

    async def _until_reviewed(self) -> None:
        state = self._state

        def overdue() -> datetime | None:
            return None if state.attention else state.since + state.start.periods.review_patience

        while not await self._until(
            lambda: state.review is not None, "審査の遅れ / the review is overdue", overdue
        ):
            state.attention = Attention.REVIEW_OVERDUE
            self._note("review_overdue", "workflow")
        state.attention = None

    async def _unless_withdrawn(self, activity: workflow.ActivityHandle[T]) -> T:
        await workflow.wait_condition(lambda: activity.done() or self._is_called_off())
        if not activity.done():
            await _called_off(activity)
            self._end_if_called_off()
        return await activity

    async def _park(self, attention: Attention, problem: str | None) -> None:
        state = self._state
        state.attention, state.resumed, self._problem = attention, False, problem
        self._note("parked", "workflow", attention=attention, problem=problem)
        await workflow.wait_condition(lambda: state.resumed or self._is_called_off())
        self._end_if_called_off()
        state.attention = self._problem = None
        self._note("resumed", "workflow")

    def _is_called_off(self) -> bool:
        return self._state.withdrawal is not None or self._state.given_up

    def _end_if_called_off(self) -> None:
        if self._state.withdrawal is not None:
            raise Ended(Stage.WITHDRAWN, _WITHDRAWN[self._state.withdrawal.cause])
        if self._state.given_up:
            raise Ended(Stage.REJECTED, Outcome.GIVEN_UP)

    # Links

    def _mail_application_link(self) -> None:
        self._mail_link(self._state.link, letters.application_link(self._state))

    def _mail_approval_link(self) -> None:
        self._mail_link(self._state.approval_link, letters.approval_request(self._state))

    def _mail_link(self, link: Link, letter: Letter) -> None:
        def opened(posted: Posted) -> None:
            if letter.generation != link.generation:
                return
            link.opened_at = posted.accepted_at or workflow.now()
            if posted.refusal is not None:
                self._state.attention = Attention.MAIL_REFUSED
            self._note(
                "link_refused" if posted.refusal else "link_mailed",
                "workflow",
                kind=letter.kind,
                generation=letter.generation,
                refusal=posted.refusal,
            )

        self._office.drop_links()
        self._office.post(letter, opened)

    def _mail_stages_link(self, purpose: LinkPurpose | None) -> None:
        state = self._state
        if state.attention is Attention.MAIL_REFUSED:
            state.attention = None
        if state.stage is Stage.AWAITING_APPROVAL and purpose != "status":
            state.approval_link.renew()
            self._mail_approval_link()
            return
        state.link.renew()
        if state.stage in {Stage.REGISTERED, Stage.APPLYING}:
            self._mail_application_link()
        else:
            self._office.post(letters.status_link(state))

    # Messages

    @workflow.signal(name="redeem_link", description="リンクが開かれた / a mailed link was pressed")
    def redeem_link(self, message: RedeemLink) -> None:
        """Take the press of a link's button."""
        state = self._state
        if not self._accepts(message, "applicant", generation=message.generation, purpose=message.purpose):
            return
        link_of(state, message.purpose).redeemed = message.generation
        if state.stage in {Stage.REGISTERED, Stage.APPLYING}:
            state.redeemed_at = message.received_at or workflow.now()

    @workflow.signal(
        name="resend_link", description="リンクを送り直す / mail a new link to the address on record"
    )
    def resend_link(self, message: ResendLink) -> None:
        """Mail a new link; the one before dies."""
        if self._accepts(message, "applicant"):
            self._mail_stages_link(message.purpose)
            self._note("link_renewed", "workflow", generation=self._state.link.generation)

    @workflow.signal(name="submit_application", description="発行申請 / the application is submitted")
    def submit_application(self, message: SubmitApplication) -> None:
        """Take the filled-in form."""
        if self._accepts(message, "applicant"):
            self._state.application, self._state.submitted = message.application, True

    @workflow.signal(name="withdraw", description='取り下げ / withdraw: {} or {"by": "operator"}')
    def withdraw(self, message: Withdraw) -> None:
        """End the enrolment, as long as nothing is ordered."""
        if self._accepts(message, message.by, cause=message.cause):
            self._state.withdrawal = message

    @workflow.signal(
        name="decide_approval",
        description='本人の承認 / approval: {"decision": "approve|return|refuse", "reason": "…"}',
    )
    def decide_approval(self, message: DecideApproval) -> None:
        """Take the principal's decision."""
        actor = "principal" if message.via == "link" else "econtract"
        facts: dict[str, Fact] = {
            "decision": message.decision,
            "via": message.via,
            "evidence": message.evidence,
        }
        if self._accepts(message, actor, **facts):
            self._state.approval = message

    @workflow.signal(
        name="decide_review",
        description='審査 / the review: {"decision": "approve|return|reject", "reason": "…"}',
    )
    def decide_review(self, message: DecideReview) -> None:
        """Take the reviewer's decision."""
        if self._accepts(message, message.decided_by, decision=message.decision):
            self._state.review = message

    @workflow.signal(
        name="correct_principal", description='本人のアドレスの訂正 / correct the address: {"email": "…"}'
    )
    def correct_principal(self, message: CorrectPrincipal) -> None:
        """Send the approval's link to another address instead."""
        state = self._state
        if self._accepts(message, "applicant") and state.application is not None:
            state.application = state.application.model_copy(update={"email": message.email})
            self._mail_stages_link("approval")
            self._note("principal_corrected", "workflow", generation=state.approval_link.generation)

    @workflow.signal(
        name="certificate_issued", description='発行済みの知らせ / the CA has issued: {"order_id": "…"}'
    )
    def certificate_issued(self, message: CertificateIssued) -> None:
        """Fetch the certificate now."""
        if self._accepts(message, "ca", order_id=message.order_id):
            self._state.issued = True

    @workflow.signal(name="resume", description="再開 / what parked the run is mended: {}")
    def resume(self, message: Resume) -> None:
        """Go on with a parked run."""
        if not self._accepts(message, message.decided_by):
            return
        if self._state.attention is Attention.MAIL_REFUSED:
            self._mail_stages_link(None)
        self._state.resumed = True

    @workflow.signal(name="give_up", description="断念 / end a parked run: {}")
    def give_up(self, message: GiveUp) -> None:
        """End a parked run."""
        if self._accepts(message, message.decided_by):
            self._state.given_up = True

    @workflow.query(name="status", description="状況 / where it stands; optional: a message's id")
    def status(self, message_id: str | None = None) -> StatusAnswer:
        """Tell where the enrolment stands, and the verdict on a message."""
        return answer_of(self._state, self._state.verdicts.get(message_id) if message_id else None)

    def _cancelled(self) -> None:
        """Withdraw, as far as the stage allows it; a certificate on its way is installed all the same."""
        self.withdraw(Withdraw(by="temporal", cause="cancelled"))

    def _accepts(self, message: Message, actor: str, **facts: Fact) -> bool:
        """Give the verdict, keep it for who asks, and tell whether the message has its effect now."""
        state = self._state
        identifier = message.message_id or f"by-hand-{len(state.verdicts) + 1}"
        if identifier in state.verdicts:
            return False
        verdict = verdict_on(state, message, message.received_at or workflow.now())
        state.verdicts[identifier] = verdict
        action = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(message).__name__).lower()
        moment = message.received_at or workflow.now()
        entry = self._entry(f"{action}.{identifier}", actor, moment, action=action, verdict=verdict, **facts)
        self._office.note(entry)
        if verdict is Verdict.CONTRARY and isinstance(message, DecideApproval) and message.via == "link":
            number = len(state.verdicts)
            self._office.post(letters.to_principal(state, LetterKind.CONTRARY_DECISION, number))
        return verdict is Verdict.ACCEPTED

    # What is written down

    def _enter(self, stage: Stage, **facts: Fact) -> None:
        state = self._state
        if stage is not state.stage or state.organisation is not None:
            state.stage, state.since = stage, workflow.now()
        self._note(f"stage_{stage}", "workflow", **facts)

    def _note(self, action: str, actor: str, **facts: Fact) -> None:
        """Have it written to audit trail and read model, and show it in the Temporal UI."""
        self._count += 1
        self._office.note(
            self._entry(f"{action}.{self._count}", actor, workflow.now(), action=action, **facts)
        )
        self._show()

    def _entry(self, step: str, actor: str, at: datetime, action: str | None = None, **facts: Fact) -> Entry:
        """An audit entry; its key is made of reference and step, so that a run that was reset repeats it."""
        start = self._state.start
        return Entry(
            key=f"{start.reference}.{step}",
            at=at,
            actor=actor,
            action=action or step,
            reference=start.reference,
            tenant=start.tenant,
            facts={name: fact for name, fact in facts.items() if fact is not None},
        )

    def _show(self) -> None:
        state = self._state
        shown = workflow.info().typed_search_attributes
        updates: list[SearchAttributeUpdate[Any]] = []
        if shown.get(STAGE) != state.stage:
            updates.append(STAGE.value_set(state.stage.value))
        if shown.get(ATTENTION) != state.attention:
            unset = state.attention is None
            updates.append(ATTENTION.value_unset() if unset else ATTENTION.value_set(str(state.attention)))
        if updates:
            workflow.upsert_search_attributes(updates)
        workflow.set_current_details(wording.details(state, self._problem))

    # What the story knows by now

    def _is_for_tickets_organisation(self) -> bool:
        application, organisation = self._application(), self._state.organisation
        return organisation is not None and (
            application.corporate_number,
            application.company_name,
            application.company_name_latin,
        ) == (organisation.corporate_number, organisation.company_name, organisation.company_name_latin)

    def _front_has_told(self) -> bool:
        return workflow.now() - self._state.start.received_at <= ANSWER_TIME

    def _application(self) -> Application:
        return _known(self._state.application)


def _known(value: T | None) -> T:
    if value is None:
        raise ApplicationError("the story is ahead of what it knows", non_retryable=True)
    return value


async def _called_off(activity: workflow.ActivityHandle[Any]) -> None:
    """Cancel an activity and wait until that is known; a result that comes all the same is thrown away."""
    activity.cancel()
    with contextlib.suppress(ActivityError):
        await activity
