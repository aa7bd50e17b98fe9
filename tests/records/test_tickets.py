"""Tickets: one enrolment at a time, atomically."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from records import tickets
from records.database import Database
from records.tickets import Organisation, Refusal, TicketRow, today_in_japan

SAMPLE = Organisation("9999999999999", "株式会社サンプル", "Sample Corporation")


async def a_ticket(database: Database, *, days: int = 30) -> str:
    """Order one ticket that is good for some more days."""
    async with database.begin() as session:
        last_day = today_in_japan() + timedelta(days=days)
        (number,) = await tickets.order(session, "leo-sign", SAMPLE, 1, last_day)
    return number


async def reserve(
    database: Database, number: str, reference: str, code: str = "leo-sign", instead_of: str | None = None
) -> TicketRow | tuple[Refusal, str | None]:
    """Reserve in a transaction of its own."""
    async with database.begin() as session:
        return await tickets.reserve(session, number, code, reference, instead_of)


async def state(database: Database, number: str) -> str:
    """What can be done with the ticket today."""
    async with database.begin() as session:
        ticket = await tickets.find_ticket(session, number)
    assert ticket is not None
    return ticket.state(today_in_japan())


async def test_of_many_at_once_one_gets_the_ticket(database: Database) -> None:
    number = await a_ticket(database)
    results = await asyncio.gather(*(reserve(database, number, f"R{i}") for i in range(12)))
    winners = [result for result in results if isinstance(result, TicketRow)]
    assert len(winners) == 1
    losers = {result[0] for result in results if isinstance(result, tuple)}
    assert losers == {Refusal.TAKEN}


async def test_reserving_again_for_the_same_enrolment_succeeds_also_once_consumed(database: Database) -> None:
    number = await a_ticket(database)
    assert isinstance(await reserve(database, number, "A"), TicketRow)
    assert isinstance(await reserve(database, number, "A"), TicketRow)
    async with database.begin() as session:
        await tickets.consume(session, "A")
    assert isinstance(await reserve(database, number, "A"), TicketRow)
    assert await reserve(database, number, "B") == (Refusal.USED, None)


async def test_a_wrong_company_code_and_an_unknown_ticket_are_one_answer(database: Database) -> None:
    number = await a_ticket(database)
    unknown = "1" + "0" * 8 + "-0000-4000-8000-" + "0" * 12 + "p"
    assert await reserve(database, number, "A", code="contracthub") == (Refusal.UNKNOWN, None)
    assert await reserve(database, unknown, "A") == (Refusal.UNKNOWN, None)


async def test_its_date_counts_when_reserving_and_is_the_last_good_day(database: Database) -> None:
    assert isinstance(await reserve(database, await a_ticket(database, days=0), "A"), TicketRow)
    assert await reserve(database, await a_ticket(database, days=-1), "B") == (Refusal.EXPIRED, None)


async def test_a_released_ticket_is_free_and_a_consumed_one_is_not_released(database: Database) -> None:
    number = await a_ticket(database)
    await reserve(database, number, "A")
    async with database.begin() as session:
        await tickets.release(session, "A")
    assert await state(database, number) == "free"
    await reserve(database, number, "B")
    async with database.begin() as session:
        await tickets.consume(session, "B")
        await tickets.release(session, "B")
    assert await state(database, number) == "used"


async def test_a_holder_that_is_named_gives_way_and_no_other(database: Database) -> None:
    number = await a_ticket(database)
    await reserve(database, number, "A")
    assert await reserve(database, number, "B", instead_of="C") == (Refusal.TAKEN, "A")
    assert isinstance(await reserve(database, number, "B", instead_of="A"), TicketRow)
    async with database.begin() as session:
        await tickets.release(session, "A")
    assert await state(database, number) == "reserved", "the one that lost it cannot release it"


@pytest.mark.parametrize("reserved", [False, True])
async def test_only_a_free_ticket_can_be_cancelled(database: Database, *, reserved: bool) -> None:
    number = await a_ticket(database)
    if reserved:
        await reserve(database, number, "A")
    async with database.begin() as session:
        before = await tickets.cancel(session, number)
    assert before is not None
    assert before.reserved_by == ("A" if reserved else None)
    assert await state(database, number) == ("reserved" if reserved else "cancelled")
    if not reserved:
        assert await reserve(database, number, "B") == (Refusal.CANCELLED, None)


async def test_tickets_are_listed_as_ordered(database: Database) -> None:
    first, second = await a_ticket(database), await a_ticket(database)
    async with database.begin() as session:
        rows = await tickets.list_tickets(session, "leo-sign")
        assert [row.number for row in rows] == [first, second]
        assert await tickets.list_tickets(session, "contracthub") == []
    assert all(row.ordered_at <= datetime.now(UTC) for row in rows)
