"""The story of one enrolment, from the registration to the installed certificate."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.authority import Fetched
    from activities.tickets import ReserveTicket, Tickets
    from domain.stage import ApprovalDecision, Attention, Outcome, ReviewDecision, Stage, Verdict
    from domain.workflow_ids import enrolment_id
    from mailing.letter import LetterKind
    from records.audit import Fact
    from workflows import letters
    from workflows.close_by import CloseBy
    from workflows.endings import Ended
    from workflows.issuance import Issuance
    from workflows.links import Links
    from workflows.messages import (
        CertificateIssued,
        CertificateRevoked,
        CorrectPrincipal,
        DecideApproval,
        DecideReview,
        EnrolmentEnd,
        EnrolmentStart,
        GiveUp,
        Message,
        RedeemLink,
        ResendLink,
        Resume,
        StatusAnswer,
        SubmitApplication,
        Withdraw,
    )
    from workflows.names import ENROLMENT, STATUS
    from workflows.office import Office
    from workflows.retention import begin_retention
    from workflows.standing import answer_of, details_of, standing_of
    from workflows.state import State
    from workflows.verdicts import link_of, verdict_on
    from workflows.waiting import until

ANSWER_TIME = timedelta(seconds=2)
"""Within how long the ticket's verdict is sure to reach the page, which waits three seconds for the record.

Later the applicant hears it by mail.
"""

REMINDERS = (3 / 14, 7 / 14)
"""When the principal is reminded, as shares of the approval's period."""

_UNTOLD = frozenset({Outcome.ADDRESS_CORRECTED, Outcome.REPLACED, Outcome.REVOKED})
"""Ends of which we tell nobody: the same person has registered again, or the certificate's own run tells."""

T = TypeVar("T")
MessageT = TypeVar("MessageT", bound=Message)


def _in_turn(
    take: Callable[["Enrolment", MessageT], None],
) -> Callable[["Enrolment", MessageT], Coroutine[Any, Any, None]]:
    """Have a message taken when the story has gone the step to which the message before it led.

    Several come at once when a worker died with a workflow task: all that came meanwhile is in the next task,
    also what somebody sent because of what the lost one had already written down.
    """

    @functools.wraps(take)
    async def taking(enrolment: "Enrolment", message: MessageT) -> None:
        async with enrolment.turn:
            take(enrolment, message)
            # Whoever waits for something, the story too, is asked before this is.
            await workflow.wait_condition(lambda: True)

    return taking


@workflow.defn(name=ENROLMENT)
class Enrolment:
    """One person's way from the registration to the installed certificate."""

    @workflow.init
    def __init__(self, start: EnrolmentStart) -> None:
        """Take the registration; messages may arrive before the story begins."""
        self._state = State(start=start, since=start.received_at)
        self.turn = asyncio.Lock()
        self._close_by = CloseBy()
        self._office = Office(self._state, self._close_by)
        self._links = Links(self._state, self._office)
        self._issuance = Issuance(self._state, self._office, self._close_by)

    @workflow.run
    async def run(self, _: EnrolmentStart) -> EnrolmentEnd:
        """Live the story. Cancelling the run in Temporal is withdrawing the enrolment."""
        office = self._office.start()
        story = asyncio.create_task(self._story())
        while not story.done():
            try:
                await workflow.wait([story, *office], return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                self._take_back(Withdraw(by="temporal", cause="cancelled"))
            for task in office:
                if task.done():
                    task.result()
        story.result()
        await workflow.wait_condition(workflow.all_handlers_finished)
        state = self._state
        return EnrolmentEnd(stage=state.stage, outcome=_known(state.outcome), serial=state.serial)

    async def _story(self) -> None:
        try:
            await self._reserve_ticket()
            await self._wait_for_redemption()
            while not await self._is_cleared():
                self._send_back()
            self._enter(Stage.ISSUING)
            fetched = await self._issuance.obtain(_known(self._state.application))
            await self._install(fetched)
            self._end(Stage.ISSUED, Outcome.INSTALLED)
        except Ended as end:
            self._end(end.stage, end.outcome)
            await self._issuance.clear_away()
            if self._state.serial is None:
                await begin_retention(self._state.start)
        await self._office.finished()

    # The steps

    async def _reserve_ticket(self) -> None:
        state, start = self._state, self._state.start
        registered = self._office.entry(
            "registered", "registered", "applicant", start.received_at, launched=start.launched
        )
        reserve = ReserveTicket(
            company_code=start.registration.company_code,
            standing=standing_of(state),
            details=details_of(state),
            entries=[registered],
        )
        reservation = await self._close_by.call(
            Tickets.reserve, reserve, "チケットの確保 / reserve the ticket"
        )
        if reservation.refusal is not None:
            raise Ended(Stage.REJECTED, reservation.refusal)
        state.organisation = reservation.organisation
        self._office.announce()
        if reservation.replaced is not None:
            await self._replace(reservation.replaced)

    async def _wait_for_redemption(self) -> None:
        self._links.mail_applications()
        await until(self._state, lambda: self._state.redeemed_at is not None, "リンクの期限 / link expires")
        self._enter(Stage.APPLYING)

    async def _is_cleared(self) -> bool:
        await self._wait_for_application()
        if self._state.is_agents and not await self._is_approved():
            return False
        return await self._is_reviewed()

    async def _wait_for_application(self) -> None:
        await until(self._state, lambda: self._state.submitted, "発行申請の期限 / application expires")
        self._office.drop_links()

    async def _is_approved(self) -> bool:
        state = self._state
        state.approval = None
        self._enter(Stage.AWAITING_APPROVAL)
        self._links.mail_approvals()
        await self._wait_for_approval()
        self._office.drop_links()
        approval: DecideApproval = _known(state.approval)
        if approval.decision is ApprovalDecision.REFUSE:
            raise Ended(Stage.REFUSED, Outcome.REFUSED_BY_PRINCIPAL)
        if approval.decision is ApprovalDecision.RETURN:
            state.return_reason, state.returned_by = approval.reason, "principal"
            return False
        for letter in letters.approval_given(state):
            self._office.post(letter)
        return True

    async def _wait_for_approval(self) -> None:
        state, link = self._state, self._state.approval_link

        def next_reminder() -> datetime | None:
            if link.opened_at is None or link.reminded >= len(REMINDERS):
                return None
            return link.opened_at + state.start.periods.approval * REMINDERS[link.reminded]

        decided = "承認の催促・期限 / approval: reminder, end"
        while not await until(state, lambda: state.approval is not None, decided, next_reminder):
            # What is overdue after a pause is one reminder.
            while (due := next_reminder()) is not None and due <= workflow.now():
                link.reminded += 1
            self._office.drop_links()
            self._office.post(letters.approval_reminder(state, link.reminded))

    async def _is_reviewed(self) -> bool:
        state = self._state
        state.review = None
        self._enter(Stage.IN_REVIEW)
        if state.start.review == "auto" and self._is_for_tickets_organisation():
            state.review = DecideReview(decision=ReviewDecision.APPROVE, decided_by="policy")
            self._office.note("review_passed", "policy")
        else:
            await self._wait_for_review()
        review: DecideReview = _known(state.review)
        if review.decision is ReviewDecision.REJECT:
            raise Ended(Stage.REJECTED, Outcome.REJECTED_BY_REVIEWER)
        if review.decision is ReviewDecision.RETURN:
            state.return_reason, state.returned_by = review.reason, "reviewer"
            return False
        return True

    async def _wait_for_review(self) -> None:
        state = self._state
        if not state.is_agents:
            number = state.link.generation
            self._office.post(letters.to_applicant(state, LetterKind.APPLICATION_RECEIVED, number))

        def overdue() -> datetime | None:
            return None if state.attention else state.since + state.start.periods.review_patience

        reviewed = "審査の遅れ / the review is overdue"
        while not await until(state, lambda: state.review is not None, reviewed, overdue):
            state.attention = Attention.REVIEW_OVERDUE
            self._office.note("review_overdue")

    def _send_back(self) -> None:
        state = self._state
        state.link.renew()
        state.submitted, state.redeemed_at = False, None
        self._enter(Stage.APPLYING)
        self._links.mail_applications()
        if state.is_agents:
            self._office.post(letters.returned_notice(state))

    async def _install(self, fetched: Fetched) -> None:
        self._state.serial, self._state.not_after = fetched.serial, fetched.not_after
        self._enter(Stage.INSTALLING, serial=fetched.serial)
        await self._issuance.install(fetched)

    def _enter(self, stage: Stage, **facts: Fact) -> None:
        state = self._state
        state.stage, state.since = stage, workflow.now()
        state.attention = state.problem = None
        self._office.note(f"stage_{stage}", "workflow", **facts)
        self._office.announce()

    def _end(self, stage: Stage, outcome: Outcome) -> None:
        state = self._state
        state.outcome = outcome
        self._office.drop_links()
        if not state.ticket_consumed:
            self._office.free_ticket()
        self._enter(stage, outcome=outcome)
        if outcome in _UNTOLD or (state.organisation is None and self._front_has_told()):
            return
        for letter in letters.notices_of_end(state):
            self._office.post(letter)

    async def _replace(self, reference: str) -> None:
        older: workflow.ExternalWorkflowHandle[Enrolment] = workflow.get_external_workflow_handle_for(
            Enrolment.run, enrolment_id(reference)
        )
        start = self._state.start
        withdrawal = Withdraw(
            message_id=f"replaced-by-{start.reference}",
            received_at=start.received_at,
            by="newer_registration",
            cause="replaced",
        )
        # It may have ended just now; then there is nothing to withdraw.
        with contextlib.suppress(ApplicationError):
            await older.signal(Enrolment.withdraw, withdrawal)

    def _is_for_tickets_organisation(self) -> bool:
        application, organisation = _known(self._state.application), _known(self._state.organisation)
        names = ("corporate_number", "company_name", "company_name_latin")
        return all(getattr(application, name) == getattr(organisation, name) for name in names)

    def _front_has_told(self) -> bool:
        # By the server's clock alone: the front's may be minutes away from it.
        return workflow.now() - workflow.info().workflow_start_time <= ANSWER_TIME

    # The messages

    @workflow.signal(name="redeem_link", description="リンクが開かれた / a mailed link was pressed")
    @_in_turn
    def redeem_link(self, message: RedeemLink) -> None:
        """Take the press of a link's button."""
        state = self._state
        if self._accepts(message, "applicant", generation=message.generation, purpose=message.purpose):
            link_of(state, message.purpose).redeemed = message.generation
            if message.purpose == "application" and state.stage in {Stage.REGISTERED, Stage.APPLYING}:
                state.redeemed_at = message.received_at or workflow.now()

    @workflow.signal(
        name="resend_link", description="リンクの再送 / mail a new link to the address on record"
    )
    @_in_turn
    def resend_link(self, message: ResendLink) -> None:
        """Mail a new link; the one before dies."""
        if self._accepts(message, "applicant", purpose=message.purpose):
            self._links.renew(message.purpose)

    @workflow.signal(name="submit_application", description="発行申請 / the application is submitted")
    @_in_turn
    def submit_application(self, message: SubmitApplication) -> None:
        """Take the filled-in form."""
        if self._accepts(message, "applicant"):
            self._state.application, self._state.submitted = message.application, True

    @workflow.signal(
        name="withdraw", description='取り下げ / withdraw: {"by": "operator", "cause": "cancelled"}'
    )
    @_in_turn
    def withdraw(self, message: Withdraw) -> None:
        """End the enrolment, as long as nothing is ordered."""
        self._take_back(message)

    @workflow.signal(
        name="decide_approval",
        description='本人の承認 / approval: {"decision": "approve|return|refuse", "reason": "…"}',
    )
    @_in_turn
    def decide_approval(self, message: DecideApproval) -> None:
        """Take the principal's decision."""
        actor = "principal" if message.via == "link" else "econtract"
        facts: dict[str, Fact] = {"decision": message.decision, "via": message.via}
        if message.obligations_accepted_at is not None:
            facts["obligations_accepted_at"] = message.obligations_accepted_at.isoformat()
        if self._accepts(message, actor, evidence=message.evidence, **facts):
            self._state.approval = message

    @workflow.signal(
        name="decide_review",
        description='審査 / the review: {"decision": "approve|return|reject", "reason": "…"}',
    )
    @_in_turn
    def decide_review(self, message: DecideReview) -> None:
        """Take the reviewer's decision."""
        if self._accepts(message, message.decided_by, decision=message.decision):
            self._state.review = message

    @workflow.signal(
        name="correct_principal", description='本人のアドレスの訂正 / correct the address: {"email": "…"}'
    )
    @_in_turn
    def correct_principal(self, message: CorrectPrincipal) -> None:
        """Send the approval's link to another address instead."""
        state = self._state
        if self._accepts(message, "applicant"):
            state.application = _known(state.application).model_copy(update={"email": message.email})
            self._links.renew("approval")

    @workflow.signal(
        name="certificate_issued", description='発行済みの知らせ / the CA has issued: {"order_id": "…"}'
    )
    @_in_turn
    def certificate_issued(self, message: CertificateIssued) -> None:
        """Fetch the certificate now."""
        if self._accepts(message, "ca", order_id=message.order_id):
            self._state.issued = True

    @workflow.signal(
        name="certificate_revoked", description="失効の知らせ / from the certificate's own run: it is revoked"
    )
    @_in_turn
    def certificate_revoked(self, message: CertificateRevoked) -> None:
        """Stop the installation: there is nothing to install any more."""
        if self._accepts(message, "workflow", serial=message.serial, reason=message.reason):
            self._state.revocation = message

    @workflow.signal(name="resume", description="再開 / what parked the run is mended: {}")
    @_in_turn
    def resume(self, message: Resume) -> None:
        """Go on with a parked run."""
        if self._accepts(message, message.decided_by):
            if self._state.attention is Attention.MAIL_REFUSED:
                self._links.renew(None)
            self._state.resumed = True

    @workflow.signal(name="give_up", description="断念 / end a parked run: {}")
    @_in_turn
    def give_up(self, message: GiveUp) -> None:
        """End a parked run."""
        if self._accepts(message, message.decided_by):
            self._state.given_up = True

    @workflow.query(name=STATUS, description="状況 / where it stands, and the verdict on a message's id")
    def status(self, message_id: str | None = None) -> StatusAnswer:
        """Tell where the enrolment stands, and the verdict on a message."""
        return answer_of(self._state, self._state.verdicts.get(message_id) if message_id else None)

    def _take_back(self, message: Withdraw) -> None:
        if self._accepts(message, message.by, cause=message.cause):
            self._state.withdrawal = message

    def _accepts(self, message: Message, actor: str, **facts: Fact) -> bool:
        """Give the verdict, keep it for who asks, and tell whether the message has its effect now."""
        state = self._state
        identifier = message.message_id or f"by-hand-{len(state.verdicts) + 1}"
        if message.message_id is None:
            actor, facts["via"] = "operator", "temporal"
        if identifier in state.verdicts:
            return False
        at = message.received_at or workflow.now()
        verdict = state.verdicts[identifier] = verdict_on(state, message, at)
        self._office.note_message(identifier, message.action, actor, at, verdict=verdict, **facts)
        if verdict is Verdict.CONTRARY and isinstance(message, DecideApproval) and message.via == "link":
            notice = letters.to_principal(state, LetterKind.CONTRARY_DECISION, len(state.verdicts))
            self._office.post(notice)
        return verdict is Verdict.ACCEPTED


def _known(value: T | None) -> T:
    if value is None:
        raise ApplicationError("the story is ahead of what it knows", non_retryable=True)
    return value
