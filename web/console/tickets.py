"""Ticket orders at the console: what was ordered for whom, a new order, its numbers as CSV."""

import contextlib
import csv
import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy.exc import IntegrityError
from starlette import status

from domain.corporate_number import parse_corporate_number
from domain.form import FormCheck
from domain.problem import FieldErrors, Problem, RuleBroken
from domain.text import parse_latin_text, parse_name
from records import ticket_orders
from records.operators import Operator
from records.tickets import Organisation, today_in_japan
from web.console.access import HOME, Administrator, note
from web.console.page import show
from web.forms import Mistake, posted, sentences
from web.house import house_of
from web.i18n import language_of
from web.pages import see_other

router = APIRouter(prefix=f"{HOME}/tickets")

SHOWN = 100
MOST_TICKETS = 1_000
NAME_MAXIMUM, LATIN_MAXIMUM = 100, 64
FIELDS = ("company_code", "corporate_number", "company_name", "company_name_latin", "quantity", "expires_on")
_GOOD_FOR = timedelta(days=365)


@dataclass(frozen=True)
class Wish:
    """A checked order form."""

    company_code: str
    organisation: Organisation
    quantity: int
    expires_on: date


@router.get("")
async def orders(request: Request, operator: Administrator) -> Response:
    """The newest orders, and the form for another."""
    fields = {"quantity": "10", "expires_on": (today_in_japan() + _GOOD_FOR).isoformat()}
    return await _page(request, operator, fields, uuid.uuid4().hex)


@router.post("")
async def order(request: Request, operator: Administrator) -> Response:
    """Order tickets; the same form sent again is the same order."""
    raw = await posted(request)
    order_id = _order_id(raw)
    codes = {tenant.company_code for tenant in house_of(request).tenants.values()}
    wish = _wish(raw, codes)
    if not isinstance(wish, Wish):
        return await _page(request, operator, raw, order_id.hex, sentences(wish, language_of(request)))
    # Refused by its id, it is the same form again.
    with contextlib.suppress(IntegrityError):
        await _place(request, operator, order_id, wish)
    return see_other(f"{HOME}/tickets?ordered={order_id}")


@router.get("/{order_id}.csv")
async def numbers(request: Request, operator: Administrator, order_id: uuid.UUID) -> Response:
    """An order's ticket numbers as CSV (RFC 4180), for the people who hand them out; it is written down."""
    async with house_of(request).database.begin() as session:
        found = await ticket_orders.find(session, order_id)
        listed = await ticket_orders.numbers(session, order_id)
    if found is None:
        raise HTTPException(404)
    await note(request, operator.actor, "tickets_exported", order=order_id.hex, count=len(listed))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["ticket_number", "company_code", "corporate_number", "company_name", "expires_on"])
    for number in listed:
        whose = found.organisation
        row = [number, found.company_code, whose.corporate_number, whose.company_name, found.expires_on]
        writer.writerow(_harmless(str(cell)) for cell in row)
    # With a byte order mark: without it spreadsheets read Japanese as something else.
    return Response(
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="tickets-{order_id}.csv"'},
    )


async def _page(
    request: Request,
    operator: Operator,
    raw: Mapping[str, str],
    form_id: str,
    problems: Mapping[str, str] | None = None,
) -> Response:
    house = house_of(request)
    async with house.database.begin() as session:
        newest = await ticket_orders.newest(session, SHOWN)
    return show(
        request,
        operator,
        "tickets.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status.HTTP_200_OK,
        orders=newest,
        ordered=request.query_params.get("ordered", ""),
        codes=[(tenant.company_code, tenant.company_code, "") for tenant in house.tenants.values()],
        fields={name: raw.get(name, "") for name in FIELDS},
        verified=raw.get("verified") == "yes",
        form_id=form_id,
        problems=problems or {},
        other_language_url=f"{HOME}/tickets",
    )


async def _place(request: Request, operator: Operator, order_id: uuid.UUID, wish: Wish) -> None:
    async with house_of(request).database.begin() as session:
        await ticket_orders.place(
            session,
            operator.actor,
            wish.company_code,
            wish.organisation,
            wish.quantity,
            wish.expires_on,
            order_id,
        )


def _order_id(raw: Mapping[str, str]) -> uuid.UUID:
    try:
        return uuid.UUID(hex=raw.get("form_id", ""))
    except ValueError:
        return uuid.uuid4()


def _wish(raw: Mapping[str, str], codes: set[str]) -> Wish | dict[str, Problem | Mistake]:
    """What is wished for, or every mistake in the form's order."""

    def company_code(text: str) -> str:
        if text not in codes:
            raise RuleBroken("required")
        return text

    form = FormCheck(raw)
    code = form.value("company_code", company_code)
    number = form.value("corporate_number", parse_corporate_number)
    name = form.value("company_name", lambda text: parse_name(text, NAME_MAXIMUM))
    latin = form.value("company_name_latin", lambda text: parse_latin_text(text, LATIN_MAXIMUM))
    quantity, last_day = _quantity(raw.get("quantity", "")), _last_day(raw.get("expires_on", ""))
    problems: dict[str, Problem | Mistake] = {}
    try:
        form.finish()
    except FieldErrors as errors:
        problems |= errors.problems
    if isinstance(quantity, Mistake):
        problems["quantity"] = quantity
    if isinstance(last_day, Mistake):
        problems["expires_on"] = last_day
    if raw.get("verified") != "yes":
        problems["verified"] = Mistake("not_verified")
    if problems or isinstance(quantity, Mistake) or isinstance(last_day, Mistake):
        return problems
    return Wish(str(code), Organisation(str(number), str(name), str(latin)), quantity, last_day)


def _quantity(text: str) -> int | Mistake:
    folded = text.strip()
    if not (folded.isascii() and folded.isdigit() and 1 <= int(folded) <= MOST_TICKETS):
        return Mistake("quantity_range", {"max": MOST_TICKETS})
    return int(folded)


def _last_day(text: str) -> date | Mistake:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return Mistake("date_format")
    return Mistake("date_past") if day < today_in_japan() else day


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell
