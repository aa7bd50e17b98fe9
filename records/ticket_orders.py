"""Orders of tickets, each for one organisation, with what became of its tickets."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Ticket, TicketOrder
from records.tickets import Organisation


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
