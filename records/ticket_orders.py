"""Orders of tickets, each for one organisation: placing one, and what became of its tickets.

The audit trail names a ticket by its order, for whoever has a ticket's number can apply with it; and an
organisation by its order too, so that nothing there tells who anybody is.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from records import audit, tickets
from records.tables import Ticket, TicketOrder
from records.tickets import Organisation, TicketRow


@dataclass(frozen=True)
class Order:
    """One order, and how many of its tickets are in use, used up or cancelled; the rest is free."""

    order_id: uuid.UUID
    company_code: str
    organisation: Organisation
    expires_on: date
    ordered_at: datetime
    quantity: int
    reserved: int
    used: int
    cancelled: int

    @property
    def free(self) -> int:
        """How many tickets nobody has taken."""
        return self.quantity - self.reserved - self.used - self.cancelled


async def place(
    session: AsyncSession,
    actor: str,
    company_code: str,
    organisation: Organisation,
    quantity: int,
    expires_on: date,
    order_id: uuid.UUID,
) -> list[str]:
    """Order new tickets, write down who did, and give their numbers.

    Raises IntegrityError, before anything is written down, for an order that is there already.
    """
    numbers = await tickets.order(session, company_code, organisation, quantity, expires_on, order_id)
    entry = audit.entry_now(
        actor,
        "tickets_ordered",
        order=order_id.hex,
        company_code=company_code,
        quantity=quantity,
    )
    await audit.add(session, entry)
    return numbers


async def cancel(session: AsyncSession, actor: str, number: str) -> TicketRow | None:
    """Cancel a free ticket and write down who did; gives what `tickets.cancel` gives."""
    ticket = await tickets.cancel(session, number)
    if ticket is not None and not (ticket.reserved_by or ticket.consumed_at or ticket.cancelled_at):
        await audit.add(session, audit.entry_now(actor, "ticket_cancelled", order=ticket.order_id.hex))
    return ticket


async def newest(session: AsyncSession, limit: int) -> list[Order]:
    """Give the newest orders."""
    query = _orders().order_by(TicketOrder.ordered_at.desc()).limit(limit)
    return [_order(row) for row in (await session.execute(query)).all()]


async def find(session: AsyncSession, order_id: uuid.UUID) -> Order | None:
    """Give an order, or None."""
    row = (await session.execute(_orders().where(TicketOrder.order_id == order_id))).one_or_none()
    return None if row is None else _order(row)


async def numbers(session: AsyncSession, order_id: uuid.UUID) -> list[str]:
    """Give the numbers of an order's tickets."""
    query = select(Ticket.number).where(Ticket.order_id == order_id).order_by(Ticket.number)
    return list((await session.scalars(query)).all())


def _orders() -> Select[TicketOrder, int, int, int, int]:
    consumed, cancelled = Ticket.consumed_at.is_not(None), Ticket.cancelled_at.is_not(None)
    reserved = Ticket.reserved_by.is_not(None) & ~consumed & ~cancelled
    return (
        select(
            TicketOrder,
            func.count(Ticket.number),
            func.count(Ticket.number).filter(reserved),
            func.count(Ticket.number).filter(consumed & ~cancelled),
            func.count(Ticket.number).filter(cancelled),
        )
        .join(Ticket, Ticket.order_id == TicketOrder.order_id)
        .group_by(TicketOrder.order_id)
    )


def _order(row: Row[TicketOrder, int, int, int, int]) -> Order:
    order, quantity, reserved, used, cancelled = row
    return Order(
        order_id=order.order_id,
        company_code=order.company_code,
        organisation=Organisation(
            corporate_number=order.corporate_number,
            company_name=order.company_name,
            company_name_latin=order.company_name_latin,
        ),
        expires_on=order.expires_on,
        ordered_at=order.ordered_at,
        quantity=quantity,
        reserved=reserved,
        used=used,
        cancelled=cancelled,
    )
