"""The office beside an enrolment's story: letters go out, standings are written down, the service is told.

Each of the three goes beside the others, one thing after the other; letters do so for each person. The story
never waits for a notice; before the run closes the office has finished.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.events import Events, StageChanged
    from activities.journal import Journal, Record, TicketEffect
    from mailing.letter import Letter, LetterKind, Posted
    from records.audit import Entry, Fact
    from workflows import wording
    from workflows.calling import mail
    from workflows.close_by import CloseBy
    from workflows.names import ATTENTION, STAGE
    from workflows.standing import details_of, standing_of
    from workflows.state import State

_LINK_LETTERS = frozenset(
    {
        LetterKind.APPLICATION_LINK,
        LetterKind.APPLICATION_RETURNED,
        LetterKind.APPROVAL_REQUEST,
        LetterKind.APPROVAL_REMINDER,
    }
)

_STORYS_TURNS = 5
"""How often the story has its turn first: a message, and the step that it leads to, are one writing."""


@dataclass
class _Errand:
    letter: Letter
    then: Callable[[Posted], None]


class Office:
    """Sends what is in the out-tray, and writes down the standing whenever something changed."""

    def __init__(self, state: State, close_by: CloseBy) -> None:
        """Serve one enrolment."""
        self._state = state
        self._close_by = close_by
        self._out_tray: deque[_Errand] = deque()
        self._under_way: dict[asyncio.Task[Posted], _Errand] = {}
        self._entries: list[Entry] = []
        self._ticket: TicketEffect = "keep"
        self._noted: Counter[str] = Counter()
        self._to_write = False
        self._writing = False
        self._events: deque[StageChanged] = deque()
        self._announced = 0

    def start(self) -> list[asyncio.Task[None]]:
        """Begin to work; the tasks end only with the run, or with a bug's exception."""
        workflow.set_current_details(wording.details(self._state))
        work = (self._post_letters(), self._write_standings(), self._deliver_events())
        return [asyncio.create_task(each) for each in work]

    def post(self, letter: Letter, then: Callable[[Posted], None] | None = None) -> None:
        """Put a letter in the out-tray; `then` is called once it was accepted, or refused for good.

        Without `then` it is a notice: one that is refused for good is written down and skipped.
        """
        self._out_tray.append(_Errand(letter, then or partial(self._note_refusal, letter)))

    def drop_links(self) -> None:
        """Throw away links that have not gone out: a newer one follows, or nobody needs one any more."""
        self._out_tray = deque(e for e in self._out_tray if not _brings_link(e.letter))
        for sending, errand in self._under_way.items():
            if _brings_link(errand.letter):
                sending.cancel()

    def announce(self) -> None:
        """Have the e-contract service told of the stage as it is now."""
        state = self._state
        self._announced += 1
        event = StageChanged(
            reference=state.start.reference,
            tenant=state.start.tenant,
            sequence=self._announced,
            stage=state.stage,
            outcome=state.outcome,
            serial=state.serial,
            at=state.since,
        )
        self._events.append(event)

    def note(self, action: str, actor: str = "workflow", **facts: Fact) -> None:
        """Have it written to the audit trail, with the standing as it then is, and show it in the UI."""
        self._noted[action] += 1
        self._write(self.entry(f"{action}.{self._noted[action]}", action, actor, workflow.now(), **facts))

    def note_message(self, message_id: str, action: str, actor: str, at: datetime, **facts: Fact) -> None:
        """Have a message written to the audit trail."""
        self._write(self.entry(f"{action}.{message_id}", action, actor, at, **facts))

    def entry(self, step: str, action: str, actor: str, at: datetime, **facts: Fact) -> Entry:
        """Give an audit entry; its key is reference and step, so that a run that was reset repeats it."""
        start = self._state.start
        return Entry(
            key=f"{start.reference}.{step}",
            at=at,
            actor=actor,
            action=action,
            reference=start.reference,
            tenant=start.tenant,
            facts={name: fact for name, fact in facts.items() if fact is not None},
        )

    def _note_refusal(self, letter: Letter, posted: Posted) -> None:
        if posted.refusal is not None:
            self.note("notice_refused", kind=letter.kind, recipient=letter.recipient, refusal=posted.refusal)

    def _write(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._to_write = True
        workflow.set_current_details(wording.details(self._state))

    def _show(self) -> None:
        state, shown = self._state, workflow.info().typed_search_attributes
        updates: list[SearchAttributeUpdate[Any]] = []
        if shown.get(STAGE) != state.stage:
            updates.append(STAGE.value_set(state.stage.value))
        if shown.get(ATTENTION) != state.attention:
            attention = state.attention
            updates.append(ATTENTION.value_set(attention.value) if attention else ATTENTION.value_unset())
        if updates:
            workflow.upsert_search_attributes(updates)
        workflow.set_current_details(wording.details(state))

    def free_ticket(self) -> None:
        """Have the ticket released with the next writing."""
        self._ticket, self._to_write = "release", True

    def use_up_ticket(self) -> None:
        """Have the ticket consumed with the next writing."""
        self._ticket, self._to_write = "consume", True

    async def written(self) -> None:
        """Wait until everything noted so far is written down."""
        await workflow.wait_condition(lambda: not self._to_write and not self._writing)

    async def finished(self) -> None:
        """Wait until the out-tray is empty, everything is written down, and the service has been told."""
        await workflow.wait_condition(lambda: not self._out_tray and not self._under_way and not self._events)
        await self.written()

    async def _post_letters(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._next_errand() or self._answered()))
            for sending in self._answered():
                self._take_answer(sending, self._under_way.pop(sending))
            if self._next_errand() is None:
                continue
            # Who opens the letter's link at once finds the pages as the letter says.
            await self.written()
            if (errand := self._next_errand()) is not None:
                self._out_tray.remove(errand)
                letter = errand.letter
                sending = mail(letter) if _brings_link(letter) else self._close_by.mail(letter)
                self._under_way[sending] = errand

    def _next_errand(self) -> _Errand | None:
        """Give the first letter to somebody to whom none is under way: nobody waits for another's mailbox."""
        busy = {errand.letter.to for errand in self._under_way.values()}
        return next((errand for errand in self._out_tray if errand.letter.to not in busy), None)

    def _answered(self) -> list[asyncio.Task[Posted]]:
        return [sending for sending in self._under_way if sending.done()]

    def _take_answer(self, sending: asyncio.Task[Posted], errand: _Errand) -> None:
        try:
            posted = sending.result()
        except (ActivityError, asyncio.CancelledError) as error:
            if not is_cancelled_exception(error):
                raise
        else:
            errand.then(posted)

    async def _write_standings(self) -> None:
        while True:
            await workflow.wait_condition(lambda: self._to_write)
            for _ in range(_STORYS_TURNS):
                await asyncio.sleep(0)
            self._to_write, self._writing = False, True
            self._show()
            self._state.revision += 1
            entries, self._entries = self._entries, []
            ticket, self._ticket = self._ticket, "keep"
            record = Record(
                standing=standing_of(self._state),
                details=details_of(self._state),
                entries=entries,
                ticket=ticket,
            )
            await self._close_by.call(Journal.record, record, f"記録 / record: {record.standing.stage}")
            self._writing = False

    async def _deliver_events(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._events))
            # Who is told and asks at once finds it written down.
            await self.written()
            event = self._events[0]
            await self._close_by.call(
                Events.deliver, event, f"サービスへの通知 / tell the service: {event.stage}"
            )
            self._events.popleft()


def _brings_link(letter: Letter) -> bool:
    """Whether a letter brings a link to what is to be done next; a principal hears of a return without."""
    return letter.kind in _LINK_LETTERS and letter.generation is not None
