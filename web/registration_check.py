"""Checking a registration before it is confirmed: the fields, and the ticket as it is now.

The ticket is looked at here so that people learn early; whoever gets it is decided, atomically, by
the workflow.
"""

from domain.problem import FieldErrors, Problem
from domain.registration import Registration, check_registration
from domain.stage import Outcome, Stage
from engine.unavailable import EngineUnavailable
from records import enrolments, tickets
from records.tables import EnrolmentRow
from records.tickets import TicketRow
from web.forms import Mistake
from web.house import House
from web.registration_form import FIELDS, Form

Problems = dict[str, Problem | Mistake]

# What the desk's refusals say at the ticket's field.
REFUSALS: dict[Outcome, str] = {
    Outcome.TICKET_TAKEN: "ticket_taken",
    Outcome.TICKET_UNKNOWN: "ticket_unknown",
    Outcome.TICKET_USED: "ticket_used",
    Outcome.TICKET_CANCELLED: "ticket_cancelled",
    Outcome.TICKET_EXPIRED: "ticket_expired",
}


def registration_in(form: Form) -> Registration | None:
    """The registration that the form holds, or None if it has mistakes."""
    try:
        return check_registration(form.fields)
    except FieldErrors:
        return None


def field_problems(form: Form) -> Problems:
    """What is wrong with the fields by themselves, in the form's order."""
    try:
        check_registration(form.fields)
    except FieldErrors as errors:
        return {name: errors.problems[name] for name in FIELDS if name in errors.problems}
    return {}


async def ticket_problem(house: House, form: Form, registration: Registration) -> Problems:
    """What is wrong with the ticket at this moment, told at its field."""
    async with house.database.begin() as session:
        ticket = await tickets.find_ticket(session, registration.ticket_number)
        if ticket is None or not _belongs(house, form, ticket, registration):
            return {"ticket_number": Mistake("ticket_unknown")}
        holder = ticket.reserved_by and await enrolments.holder(session, ticket.reserved_by)
    match ticket.state(tickets.today_in_japan()):
        case "used":
            return {"ticket_number": Mistake("ticket_used")}
        case "cancelled":
            return {"ticket_number": Mistake("ticket_cancelled")}
        case "expired":
            return {"ticket_number": Mistake("ticket_expired")}
        case "reserved" if holder and not await _may_follow(house, form, holder, registration):
            return {"ticket_number": Mistake("ticket_taken")}
    return {}


def _belongs(house: House, form: Form, ticket: TicketRow, registration: Registration) -> bool:
    """One answer for a wrong code and an unknown ticket; the code must also be this front's own."""
    ours = house.tenants[form.tenant].company_code
    return ticket.company_code == registration.company_code == ours


async def _may_follow(house: House, form: Form, holder: EnrolmentRow, registration: Registration) -> bool:
    """Whether a registration may come after the one that holds the ticket."""
    if holder.reference == form.replaces or Stage(holder.stage).ended:
        return True
    same_address = holder.email_digest == enrolments.address_digest(
        house.settings.digest_key, registration.email
    )
    if same_address and holder.stage == Stage.REGISTERED:
        return True
    # A run that an operator terminated holds nothing any more, whatever the read model still says.
    try:
        return not await house.desk.is_open(holder.reference)
    except EngineUnavailable:
        return True
