"""申請登録: who applies, with which ticket."""

from collections.abc import Mapping
from functools import partial

from pydantic import BaseModel, ConfigDict

from domain.email import EmailAddress, parse_email
from domain.form import FormCheck
from domain.problem import RuleBroken
from domain.stage import Applicant
from domain.ticket import CompanyCode, TicketNumber, parse_company_code, parse_ticket_number


class Registration(BaseModel):
    """A checked registration. `email` is the applicant's own: an agent's registration has the agent's."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    applicant: Applicant
    company_code: CompanyCode
    ticket_number: TicketNumber
    email: EmailAddress


def check_registration(raw: Mapping[str, str]) -> Registration:
    """The registration out of the form's fields.

    Fields: `applicant`, `company_code`, `ticket_number`, `email`, `email_confirmation`. Raises FieldErrors.
    """
    form = FormCheck(raw)
    applicant = form.value("applicant", parse_applicant)
    company_code = form.value("company_code", parse_company_code)
    ticket_number = form.value("ticket_number", parse_ticket_number)
    email = form.value("email", parse_email)
    form.value("email_confirmation", partial(parse_confirmation, email))
    form.finish()
    return Registration.model_validate(
        {"applicant": applicant, "company_code": company_code, "ticket_number": ticket_number, "email": email}
    )


def parse_applicant(text: str) -> Applicant:
    """The applicant chosen. Raises RuleBroken: `applicant_missing`, also for a value that is no choice."""
    try:
        return Applicant(text)
    except ValueError:
        raise RuleBroken("applicant_missing") from None


def parse_confirmation(email: str | None, text: str) -> str:
    """The address typed a second time, the same as the parsed first one after folding.

    Where the first is wrong itself (None), the second is only asked to be there. Raises RuleBroken:
    `required`, `email_mismatch`.
    """
    if not text.strip():
        raise RuleBroken("required")
    if email is None:
        return text
    try:
        confirmation = parse_email(text)
    except RuleBroken:
        raise RuleBroken("email_mismatch") from None
    if confirmation != email:
        raise RuleBroken("email_mismatch")
    return confirmation
