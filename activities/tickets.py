"""Reserving the ticket of a registration."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.stage import Outcome, Stage
from domain.workflow_ids import enrolment_id
from records import audit, enrolments, tickets
from records.audit import Entry
from records.database import Database
from records.enrolments import Details, Standing
from records.tickets import Organisation, Refusal, TicketRow
from records.vault import Vault
from telemetry import standings

_OUTCOMES = {
    Refusal.UNKNOWN: Outcome.TICKET_UNKNOWN,
    Refusal.USED: Outcome.TICKET_USED,
    Refusal.CANCELLED: Outcome.TICKET_CANCELLED,
    Refusal.EXPIRED: Outcome.TICKET_EXPIRED,
    Refusal.TAKEN: Outcome.TICKET_TAKEN,
}


class ReserveTicket(BaseModel):
    """Which ticket, and what to write down once it is reserved."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    company_code: str
    standing: Standing
    details: Details
    entries: list[Entry]


class Reservation(BaseModel):
    """The organisation of the ticket's order, or why there is no reservation.

    `replaced` is the enrolment that held the ticket, and lost it to this one: its run is closed, or waits for
    its first link at the same address.
    """

    model_config = ConfigDict(frozen=True)

    organisation: Organisation | None = None
    refusal: Outcome | None = None
    replaced: str | None = None


class Tickets:
    """Reserves tickets, each for one enrolment at a time."""

    def __init__(self, database: Database, vault: Vault, digest_key: bytes, client: Client) -> None:
        """Take the database, and the Temporal client that tells whether a holder's run is still open."""
        self._database = database
        self._vault = vault
        self._digest_key = digest_key
        self._client = client

    @activity.defn(name="reserve_ticket")
    async def reserve(self, wanted: ReserveTicket) -> Reservation:
        """Reserve the ticket and write the standing in one transaction; again it is the same reservation.

        A reservation gives way when its run is closed, or when it still waits for its first link at the same
        address: whoever registers once more means the newer registration.
        """
        instead_of = None
        while True:
            result = await self._try(wanted, instead_of)
            if isinstance(result, TicketRow):
                return Reservation(organisation=result.organisation, replaced=result.taken_from)
            refusal, holder = result
            if holder is None or holder == instead_of:
                return Reservation(refusal=_OUTCOMES[refusal])
            if not await self._run_is_closed(holder) and not await self._waits_for_same_address(
                holder, wanted
            ):
                return Reservation(refusal=_OUTCOMES[refusal])
            instead_of = holder

    async def _try(
        self, wanted: ReserveTicket, instead_of: str | None
    ) -> TicketRow | tuple[Refusal, str | None]:
        async with self._database.begin() as session:
            result = await tickets.reserve(
                session,
                wanted.details.ticket_number,
                wanted.company_code,
                wanted.standing.reference,
                instead_of,
            )
            if isinstance(result, TicketRow):
                details = wanted.details.model_copy(update=asdict(result.organisation))
                previous = await enrolments.write(
                    session, self._vault, self._digest_key, wanted.standing, details
                )
                await audit.add(session, *wanted.entries)
        if isinstance(result, TicketRow) and previous is not None:
            standings.tell(wanted.standing, previous)
        return result

    async def _waits_for_same_address(self, holder: str, wanted: ReserveTicket) -> bool:
        async with self._database.begin() as session:
            row = await enrolments.holder(session, holder)
        digest = enrolments.address_digest(self._digest_key, wanted.details.email)
        return row is not None and row.stage == Stage.REGISTERED and row.email_digest == digest

    async def _run_is_closed(self, holder: str) -> bool:
        try:
            run = await self._client.get_workflow_handle(enrolment_id(holder)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return True
            raise
        return run.status is not WorkflowExecutionStatus.RUNNING
