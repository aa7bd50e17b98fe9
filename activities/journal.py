"""Writing down where an enrolment stands, together with what happened, in one transaction."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from domain.stage import Outcome, Stage
from records import audit, certificates, drafts, enrolments, tickets
from records.audit import Entry
from records.database import Database
from records.enrolments import Details, Standing
from records.vault import Vault
from telemetry import standings

_AT_THE_FORM = frozenset({Stage.REGISTERED, Stage.APPLYING})

TicketEffect = Literal["keep", "release", "consume"]


class Record(BaseModel):
    """What to write: the standing as it is now, and the entries since it was last written."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    standing: Standing
    details: Details
    entries: list[Entry] = []
    ticket: TicketEffect = "keep"


class Journal:
    """Writes the read model and the audit trail."""

    def __init__(self, database: Database, vault: Vault, digest_key: bytes) -> None:
        """Take the database, the vault for what is personal, and the key of the addresses' digests."""
        self._database = database
        self._vault = vault
        self._digest_key = digest_key

    @activity.defn(name="record_standing")
    async def record(self, record: Record) -> None:
        """Write the standing, the entries and what becomes of the ticket.

        Done again, or later than a later one of the same run, it changes nothing.
        """
        reference = record.standing.reference
        async with self._database.begin() as session:
            previous = await enrolments.write(
                session, self._vault, self._digest_key, record.standing, record.details
            )
            if previous is None:
                return
            await audit.add(session, *record.entries)
            match record.ticket:
                case "release":
                    await tickets.release(session, reference)
                case "consume":
                    await tickets.consume(session, reference)
                case "keep":
                    pass
            if record.standing.outcome is Outcome.INSTALLED and record.details.serial is not None:
                await certificates.note_installed(session, record.details.serial, record.standing.since)
            if record.standing.stage not in _AT_THE_FORM:
                # A form that comes back shows what was sent; the address in it may have been corrected.
                await drafts.drop(session, reference)
        standings.tell(record.standing, previous)
