"""Ticket orders and tickets: ordered for one organisation, reserved by one enrolment at a time."""

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Ticket, TicketOrder

JST = ZoneInfo("Asia/Tokyo")
TicketState = Literal["free", "reserved", "used", "cancelled", "expired"]


@dataclass(frozen=True)
class Organisation:
    """The organisation that a ticket was ordered for, as verified by an operator."""

    corporate_number: str
    company_name: str
    company_name_latin: str


@dataclass(frozen=True)
class TicketRow:
    """One ticket with the order that it belongs to."""

    number: str
    order_id: uuid.UUID
    company_code: str
    organisation: Organisation
    expires_on: date
    ordered_at: datetime
    reserved_by: str | None
    taken_from: str | None
    consumed_at: datetime | None
    cancelled_at: datetime | None

    def state(self, today: date) -> TicketState:
        """Tell what can be done with it on a day (Japanese calendar); its date is the last good day."""
        if self.cancelled_at:
            return "cancelled"
        if self.consumed_at:
            return "used"
        if self.reserved_by:
            return "reserved"
        return "expired" if self.expires_on < today else "free"


class Refusal(StrEnum):
    """Why a ticket cannot be reserved."""

    UNKNOWN = "unknown"
    USED = "used"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    TAKEN = "taken"


def today_in_japan() -> date:
    """Give the present day in Japan, by which tickets expire."""
    return datetime.now(JST).date()


async def order(
    session: AsyncSession,
    company_code: str,
    organisation: Organisation,
    quantity: int,
    expires_on: date,
    order_id: uuid.UUID | None = None,
) -> list[str]:
    """Record an order of `quantity` new tickets and give their numbers."""
    order_id, now = order_id or uuid.uuid4(), datetime.now(UTC)
    session.add(
        TicketOrder(
            order_id=order_id,
            company_code=company_code,
            corporate_number=organisation.corporate_number,
            company_name=organisation.company_name,
            company_name_latin=organisation.company_name_latin,
            expires_on=expires_on,
            ordered_at=now,
        )
    )
    await session.flush()
    numbers = [f"1{uuid.uuid4()}p" for _ in range(quantity)]
    session.add_all(Ticket(number=number, order_id=order_id) for number in numbers)
    return numbers


async def find_ticket(session: AsyncSession, number: str) -> TicketRow | None:
    """Give a ticket, or None if there is none of that number."""
    row = (await session.execute(_tickets().where(Ticket.number == number))).one_or_none()
    return None if row is None else _ticket_row(row)


async def list_tickets(session: AsyncSession, company_code: str | None = None) -> list[TicketRow]:
    """Give all tickets, or those of one company code, in the order in which they were ordered."""
    query = _tickets().order_by(TicketOrder.ordered_at, Ticket.number)
    if company_code is not None:
        query = query.where(TicketOrder.company_code == company_code)
    return [_ticket_row(row) for row in (await session.execute(query)).all()]


async def reserve(
    session: AsyncSession, number: str, company_code: str, reference: str, instead_of: str | None = None
) -> TicketRow | tuple[Refusal, str | None]:
    """Reserve a ticket for an enrolment, atomically; its row stays locked until the transaction ends.

    `instead_of` names a holder whose reservation may be taken over. Reserving again for the same enrolment
    succeeds again, also after the ticket was consumed by it. Gives the ticket, or why not and who holds it.
    """
    locked = _tickets().where(Ticket.number == number).with_for_update(of=Ticket)
    row = (await session.execute(locked)).one_or_none()
    ticket = None if row is None else _ticket_row(row)
    if ticket is None or ticket.company_code != company_code:
        return Refusal.UNKNOWN, None
    if ticket.reserved_by == reference:
        return ticket
    refusal = _refusal(ticket, instead_of)
    if refusal is not None:
        return refusal, ticket.reserved_by if refusal is Refusal.TAKEN else None
    await session.execute(
        update(Ticket)
        .where(Ticket.number == number)
        .values(reserved_by=reference, reserved_at=datetime.now(UTC), taken_from=ticket.reserved_by)
    )
    return dataclasses.replace(ticket, taken_from=ticket.reserved_by)


async def release(session: AsyncSession, reference: str) -> None:
    """Free the ticket that an enrolment has reserved, unless it was consumed."""
    await session.execute(
        update(Ticket)
        .where(Ticket.reserved_by == reference, Ticket.consumed_at.is_(None))
        .values(reserved_by=None, reserved_at=None, taken_from=None)
    )


async def consume(session: AsyncSession, reference: str) -> None:
    """Use up the ticket that an enrolment has reserved; its holder stays on record."""
    await session.execute(
        update(Ticket)
        .where(Ticket.reserved_by == reference, Ticket.consumed_at.is_(None))
        .values(consumed_at=datetime.now(UTC))
    )


async def cancel(session: AsyncSession, number: str) -> TicketRow | None:
    """Cancel a free ticket. Gives the ticket as it was before (unchanged unless free), None if unknown."""
    locked = _tickets().where(Ticket.number == number).with_for_update(of=Ticket)
    row = (await session.execute(locked)).one_or_none()
    if row is None:
        return None
    ticket = _ticket_row(row)
    if not (ticket.reserved_by or ticket.consumed_at or ticket.cancelled_at):
        await session.execute(
            update(Ticket).where(Ticket.number == number).values(cancelled_at=datetime.now(UTC))
        )
    return ticket


def _refusal(ticket: TicketRow, instead_of: str | None) -> Refusal | None:
    if ticket.cancelled_at:
        return Refusal.CANCELLED
    if ticket.consumed_at:
        return Refusal.USED
    if ticket.expires_on < today_in_japan():
        return Refusal.EXPIRED
    return None if ticket.reserved_by in {None, instead_of} else Refusal.TAKEN


def _tickets() -> Select[Ticket, TicketOrder]:
    return select(Ticket, TicketOrder).join(TicketOrder, Ticket.order_id == TicketOrder.order_id)


def _ticket_row(row: Row[Ticket, TicketOrder]) -> TicketRow:
    ticket, ordered = row
    return TicketRow(
        number=ticket.number,
        order_id=ticket.order_id,
        company_code=ordered.company_code,
        organisation=Organisation(
            corporate_number=ordered.corporate_number,
            company_name=ordered.company_name,
            company_name_latin=ordered.company_name_latin,
        ),
        expires_on=ordered.expires_on,
        ordered_at=ordered.ordered_at,
        reserved_by=ticket.reserved_by,
        taken_from=ticket.taken_from,
        consumed_at=ticket.consumed_at,
        cancelled_at=ticket.cancelled_at,
    )
