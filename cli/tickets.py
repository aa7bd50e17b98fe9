"""`jcan tickets`: order, list and cancel prepaid tickets."""

import json
import uuid
from datetime import date, datetime
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, refuse, run
from domain.corporate_number import parse_corporate_number
from domain.problem import RuleBroken
from domain.reference import Reference
from domain.text import parse_latin_text, parse_name
from domain.ticket import parse_ticket_number
from records import ticket_orders, tickets
from records.tickets import Organisation, TicketRow, TicketState, today_in_japan
from tenants import load_tenants

app = typer.Typer(no_args_is_help=True, help="Prepaid tickets.", rich_markup_mode=None)

MOST_TICKETS = 1_000
NAME_MAXIMUM, LATIN_MAXIMUM = 100, 64

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command(name="order")
def order(
    company_code: Annotated[str, typer.Option(help="Company code of the e-contract service, e.g. leo-sign.")],
    corporate_number: Annotated[
        str, typer.Option(help="法人番号: 13 digits of the organisation, as verified.")
    ],
    company_name: Annotated[str, typer.Option(help="会社名, as registered.")],
    company_name_latin: Annotated[str, typer.Option(help="会社名（英語表記）: goes into the certificates.")],
    quantity: Annotated[int, typer.Option(min=1, max=MOST_TICKETS, help="How many tickets.")],
    expires_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last good day, in Japan.")],
    as_json: AsJson = False,
) -> None:
    """Order tickets for one organisation that you have verified; prints their numbers."""
    if company_code not in {tenant.company_code for tenant in load_tenants().values()}:
        raise refuse(f"No tenant has the company code {company_code}.")
    if expires_on.date() < today_in_japan():
        raise refuse("The last good day is in the past.")
    organisation = _organisation(corporate_number, company_name, company_name_latin)

    async def place(office: Office) -> list[str]:
        async with office.database.begin() as session:
            return await ticket_orders.place(
                session, OPERATOR, company_code, organisation, quantity, expires_on.date(), uuid.uuid4()
            )

    numbers = run(place)
    typer.echo(json.dumps(numbers) if as_json else "\n".join(numbers))


@app.command(name="list")
def list_(
    company_code: Annotated[str | None, typer.Option(help="Only those of one company code.")] = None,
    state: Annotated[TicketState | None, typer.Option(help="Only those of one state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tickets in the order in which they were ordered."""

    async def read(office: Office) -> list[TicketRow]:
        async with office.database.begin() as session:
            return await tickets.list_tickets(session, company_code)

    today = today_in_japan()
    rows = [row for row in run(read) if state is None or row.state(today) == state]
    if as_json:
        typer.echo(json.dumps([_as_dict(row, today) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        holder = Reference.parse(row.reserved_by).grouped if row.reserved_by else ""
        line = (
            row.number,
            f"{row.state(today):<9}",
            row.company_code,
            row.organisation.company_name,
            str(row.expires_on),
            holder,
        )
        typer.echo("  ".join(line).rstrip())


@app.command(name="cancel")
def cancel(number: Annotated[str, typer.Argument(help="The ticket's number.")]) -> None:
    """Cancel a free ticket. A reserved one cannot be cancelled while its enrolment is under way."""

    wanted = _ticket_number(number)

    async def strike(office: Office) -> TicketRow | None:
        async with office.database.begin() as session:
            ticket = await ticket_orders.cancel(session, OPERATOR, wanted)
        if ticket is None or not ticket.reserved_by or ticket.consumed_at:
            return ticket
        if await office.desk.is_open(ticket.reserved_by):
            return ticket
        # Its run was terminated: nobody else will ever free it.
        async with office.database.begin() as session:
            await tickets.release(session, ticket.reserved_by)
            return await ticket_orders.cancel(session, OPERATOR, wanted)

    ticket = run(strike)
    if ticket is None:
        raise refuse("There is no such ticket.")
    match ticket.state(today_in_japan()):
        case "reserved" if ticket.reserved_by:
            holder = Reference.parse(ticket.reserved_by).grouped
            raise refuse(f"The ticket is reserved by the enrolment {holder}: withdraw that first.")
        case "used":
            raise refuse("The ticket has been used.")
        case "cancelled":
            typer.echo("It was cancelled before.")
        case _:
            typer.echo("Cancelled.")


def _ticket_number(text: str) -> str:
    try:
        return parse_ticket_number(text)
    except RuleBroken:
        raise refuse("That is not a ticket number: 1, a UUID, p.") from None


def _organisation(corporate_number: str, company_name: str, company_name_latin: str) -> Organisation:
    try:
        return Organisation(
            corporate_number=parse_corporate_number(corporate_number),
            company_name=parse_name(company_name, NAME_MAXIMUM),
            company_name_latin=parse_latin_text(company_name_latin, LATIN_MAXIMUM),
        )
    except RuleBroken as broken:
        raise refuse(f"The organisation's data are wrong: {broken.problem.code}.") from None


def _as_dict(row: TicketRow, today: date) -> dict[str, str | None]:
    return {
        "number": row.number,
        "state": row.state(today),
        "company_code": row.company_code,
        "corporate_number": row.organisation.corporate_number,
        "company_name": row.organisation.company_name,
        "company_name_latin": row.organisation.company_name_latin,
        "expires_on": row.expires_on.isoformat(),
        "reserved_by": row.reserved_by,
    }
