"""The life of one certificate, from its issuance to its revocation or its end."""

import asyncio
import contextlib
from datetime import datetime
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.authority import CertificateAuthority, RevokeCertificate
    from activities.econtract import CreateCredential, EContract, RemoveCertificate
    from domain.revocation import CertificateStage
    from domain.stage import Verdict
    from domain.workflow_ids import enrolment_id
    from mailing.letter import LetterKind, Posted
    from records.audit import Fact
    from workflows import certificate_letters as letters
    from workflows.calling import call
    from workflows.certificate_office import CertificateOffice
    from workflows.life import Life
    from workflows.messages import (
        CertificateEnd,
        CertificateRevoked,
        CertificateStart,
        CertificateStatus,
        Message,
        Renewed,
        RequestRevocation,
        Revoke,
    )
    from workflows.names import CERTIFICATE, STATUS
    from workflows.state import Link
    from workflows.waiting import GRACE


@workflow.defn(name=CERTIFICATE)
class Certificate:
    """One certificate's reminders, its revocation, and its end."""

    @workflow.init
    def __init__(self, start: CertificateStart) -> None:
        """Take the certificate; messages may arrive before the story begins."""
        self._life = Life(
            start=start,
            since=workflow.now(),
            link=Link(generation=start.generation),
            renewed_by=start.renewed_by,
        )
        self._office = CertificateOffice(self._life)

    @workflow.run
    async def run(self, _: CertificateStart) -> CertificateEnd:
        """Live the story. Cancelling the run changes nothing: only `revoke` ends a certificate early."""
        office = self._office.start()
        story = asyncio.create_task(self._story())
        while not story.done():
            try:
                await workflow.wait([story, office], return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                self._note("cancel_ignored", "temporal")
            if office.done():
                office.result()
        story.result()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return CertificateEnd(stage=self._life.stage, reason=self._life.reason)

    async def _story(self) -> None:
        await self._live()
        revocation = self._life.revocation
        if revocation is None:
            self._expire()
        else:
            await self._revoke(revocation)
        await self._office.finished()

    # The steps

    async def _live(self) -> None:
        """Remind before the end; over with the end, or when somebody revokes."""
        life = self._life
        while life.revocation is None and (now := workflow.now()) < life.start.not_after + GRACE:
            self._remind(now)
            with contextlib.suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: life.revocation is not None,
                    timeout=life.next_moment(now) + GRACE - now,
                    timeout_summary="有効期限の予告・終了 / reminder, end of validity",
                )

    def _remind(self, now: datetime) -> None:
        life = self._life
        due = life.reminders_due(now)
        if due <= life.reminded or life.renewed_by is not None or now >= life.start.not_after:
            return
        # However many are overdue, and however many the mail server has not taken yet: one is enough.
        life.reminded = due
        self._office.drop(LetterKind.EXPIRY_REMINDER)
        for letter in letters.expiry_reminders(life, due):
            self._office.post(letter)
        self._note(f"reminded.{due}", "workflow", number=due)

    def _expire(self) -> None:
        self._drop_letters()
        self._enter(CertificateStage.EXPIRED)

    async def _revoke(self, revocation: Revoke) -> None:
        life = self._life
        self._drop_letters()
        revoke = RevokeCertificate(serial=life.start.serial, reason=revocation.reason)
        # The CA is asked before anything is waited for: who is told "accepted" waits for no other answer.
        revoking = call(CertificateAuthority.revoke_certificate, revoke, "認証局での失効 / revoke at the CA")
        await self._stop_installation(revocation)
        done = await revoking
        life.reason, life.revoked_at = done.reason, done.revoked_at
        self._enter(CertificateStage.REVOKED, reason=done.reason, by=revocation.by)
        # Nobody has to hear of it later because the service is away.
        for letter in letters.revoked(life):
            self._office.post(letter)
        await self._remove(revocation)

    async def _stop_installation(self, revocation: Revoke) -> None:
        start = self._life.start
        enrolment = workflow.get_external_workflow_handle(enrolment_id(start.reference))
        told = CertificateRevoked(
            message_id=f"revoked-{start.serial}",
            received_at=workflow.now(),
            serial=start.serial,
            reason=revocation.reason,
        )
        # Mostly it has ended long ago, and there is no installation to stop.
        with contextlib.suppress(ApplicationError):
            await enrolment.signal("certificate_revoked", told)

    async def _remove(self, revocation: Revoke) -> None:
        start = self._life.start
        credential_id = start.credential_id or await self._ask_for_credential()
        if credential_id is None:
            return
        remove = RemoveCertificate(credential_id=credential_id, serial=start.serial, reason=revocation.reason)
        await call(
            EContract.remove_certificate,
            remove,
            "電子契約サービスからの削除 / remove from the e-contract service",
        )
        self._note("certificate_removed", "workflow")

    async def _ask_for_credential(self) -> str | None:
        """Ask the service for its name of the key once more: a run that was begun anew does not know it."""
        application = self._life.start.application
        if application is None:
            return None
        subject = application.subject
        create = CreateCredential(
            reference=self._life.start.reference, email=subject.email, name=subject.common_name
        )
        credential = await call(EContract.create_credential, create, "鍵の確認 / find the key")
        return credential.credential_id or None

    def _enter(self, stage: CertificateStage, **facts: Fact) -> None:
        self._life.stage, self._life.since = stage, workflow.now()
        self._note(f"certificate_{stage}", "workflow", **facts)

    def _drop_letters(self) -> None:
        self._office.drop(LetterKind.EXPIRY_REMINDER)
        self._office.drop(LetterKind.REVOCATION_LINK)

    # The messages

    @workflow.signal(
        name="request_revocation", description="失効の確認メール / mail the link that confirms a revocation"
    )
    def request_revocation(self, message: RequestRevocation) -> None:
        """Mail the certificate's address a link to the revocation; the one before dies."""
        life = self._life
        if self._accepts(message, "anybody", reason=message.reason):
            life.asked = message
            life.link.renew()
            self._office.drop(LetterKind.REVOCATION_LINK)
            for letter in letters.revocation_link(life):
                self._office.post(letter, partial(self._link_posted, life.link.generation))

    @workflow.signal(
        name="revoke",
        description='失効 / revoke for good: {"reason": "keyCompromise|affiliationChanged|superseded|'
        'cessationOfOperation|privilegeWithdrawn|unspecified"}',
    )
    def revoke(self, message: Revoke) -> None:
        """Revoke the certificate."""
        if self._accepts(message, message.by, reason=message.reason, generation=message.generation):
            self._life.revocation = message

    @workflow.signal(name="renewed", description="更新済み / there is a successor: no reminders any more")
    def renewed(self, message: Renewed) -> None:
        """Stop reminding."""
        if self._accepts(message, "workflow", successor=message.serial):
            self._life.renewed_by = message.serial
            self._office.drop(LetterKind.EXPIRY_REMINDER)

    @workflow.query(name=STATUS, description="状況 / where it stands, and the verdict on a message's id")
    def status(self, message_id: str | None = None) -> CertificateStatus:
        """Tell where the certificate stands, and the verdict on a message."""
        return self._life.answer(self._life.verdicts.get(message_id) if message_id else None)

    def _accepts(self, message: Message, actor: str, **facts: Fact) -> bool:
        """Give the verdict, keep it for who asks, and tell whether the message has its effect now."""
        life = self._life
        identifier = message.message_id or f"by-hand-{len(life.verdicts) + 1}"
        if message.message_id is None:
            actor, facts["via"] = "operator", "temporal"
        if identifier in life.verdicts:
            return False
        at = message.received_at or workflow.now()
        verdict = life.verdicts[identifier] = life.verdict_on(message, at)
        action = message.action
        self._office.note(f"{action}.{identifier}", action, actor, at, verdict=verdict, **facts)
        return verdict is Verdict.ACCEPTED

    def _link_posted(self, generation: int, posted: Posted) -> None:
        link = self._life.link
        if generation != link.generation:
            return
        link.opened_at = posted.accepted_at or workflow.now()
        self._note(f"revocation_link.{generation}", "workflow", generation=generation, refusal=posted.refusal)

    def _note(self, step: str, actor: str, **facts: Fact) -> None:
        action = step.partition(".")[0]
        self._office.note(step, action, actor, workflow.now(), **facts)
