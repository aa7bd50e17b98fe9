"""The office beside a certificate's life: letters go out, and what happened is written down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.certificates import Certificates, RecordCertificate
    from mailing.letter import Letter, LetterKind, Posted
    from records.audit import Entry, Fact
    from workflows import wording
    from workflows.calling import mail
    from workflows.close_by import CloseBy
    from workflows.life import Life
    from workflows.names import STAGE


@dataclass
class _Errand:
    letter: Letter
    then: Callable[[Posted], None]
    sending: workflow.ActivityHandle[Posted] | None = None
    dropped: bool = False


class CertificateOffice:
    """Sends letters, and writes down the standing whenever something changed."""

    def __init__(self, life: Life) -> None:
        """Serve one certificate."""
        self._life = life
        self._close_by = CloseBy()
        self._entries: list[Entry] = []
        self._writing = False
        self._errands: list[_Errand] = []
        self._deliveries: list[asyncio.Task[None]] = []

    def start(self) -> asyncio.Task[None]:
        """Begin to work; the task ends only with the run, or with a bug's exception."""
        self._show()
        return asyncio.create_task(self._write())

    def post(self, letter: Letter, then: Callable[[Posted], None] | None = None) -> None:
        """Send a letter; `then` is called once it was accepted, or refused for good.

        Without `then` it is a notice: one that is refused for good is written down and skipped.
        """
        errand = _Errand(letter, then or partial(self._note_refusal, letter))
        self._errands.append(errand)
        self._deliveries.append(asyncio.create_task(self._deliver(errand)))

    def drop(self, kind: LetterKind) -> None:
        """Call back the letters of a kind that have not gone out: nobody needs them any more."""
        for errand in self._errands:
            if errand.letter.kind is kind:
                errand.dropped = True
                if errand.sending is not None:
                    errand.sending.cancel()

    def note(self, step: str, action: str, actor: str, at: datetime, **facts: Fact) -> None:
        """Have it written to the audit trail, with the standing as it then is, and show it in the UI.

        `step` is the entry's key within this certificate: a run that was reset repeats it.
        """
        start = self._life.start
        entry = Entry(
            key=f"{start.serial}.{step}",
            at=at,
            actor=actor,
            action=action,
            reference=start.reference,
            tenant=start.tenant,
            facts={"serial": start.serial} | {name: fact for name, fact in facts.items() if fact is not None},
        )
        self._entries.append(entry)
        self._show()

    async def finished(self) -> None:
        """Wait until every letter is out and everything is written down."""
        for delivery in self._deliveries:
            await delivery
        await self._written()

    def _note_refusal(self, letter: Letter, posted: Posted) -> None:
        if posted.refusal is not None:
            step = f"notice_refused.{letter.kind}.{letter.number}.{letter.reader}"
            facts = {"kind": letter.kind, "recipient": letter.recipient, "refusal": posted.refusal}
            self.note(step, "notice_refused", "workflow", workflow.now(), **facts)

    async def _written(self) -> None:
        await workflow.wait_condition(lambda: not self._entries and not self._writing)

    async def _deliver(self, errand: _Errand) -> None:
        # Who opens the letter's link at once finds the pages as the letter says.
        await self._written()
        if errand.dropped:
            return
        errand.sending = mail(errand.letter)
        try:
            errand.then(await errand.sending)
        except (ActivityError, asyncio.CancelledError) as error:
            if not is_cancelled_exception(error):
                raise

    async def _write(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._entries))
            self._writing = True
            entries, self._entries = self._entries, []
            record = RecordCertificate(standing=self._life.standing(), entries=entries)
            await self._close_by.call(Certificates.record, record, f"記録 / record: {entries[-1].action}")
            self._writing = False

    def _show(self) -> None:
        stage = self._life.stage
        if workflow.info().typed_search_attributes.get(STAGE) != stage:
            workflow.upsert_search_attributes([STAGE.value_set(stage.value)])
        workflow.set_current_details(wording.details_of_certificate(self._life))
