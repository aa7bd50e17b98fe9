"""発行申請: the data that go into the certificate, and those that the reviewer needs."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.corporate_number import CorporateNumber, parse_corporate_number
from domain.email import ADDRESS_MAXIMUM, EmailAddress, parse_email
from domain.form import FormCheck
from domain.problem import RuleBroken
from domain.registration import parse_confirmation
from domain.stage import Applicant
from domain.subject import Subject
from domain.text import parse_kana, parse_latin_name, parse_latin_text, parse_name, parse_phone

ValidityYears = Literal[1, 2]

COMMON_NAME_MAXIMUM = 64
"""RFC 5280, appendix A.1: ub-common-name."""

MAXIMUM: Mapping[str, int] = MappingProxyType(
    {
        "family_name": 40,
        "given_name": 40,
        "family_name_latin": 62,
        "given_name_latin": 62,
        "family_name_kana": 40,
        "given_name_kana": 40,
        "company_name": 100,
        "company_name_latin": 64,
        "corporate_number": 13,
        "email": ADDRESS_MAXIMUM,
        "email_confirmation": ADDRESS_MAXIMUM,
        "phone": 20,
        "agent_name": 80,
        "agent_company": 100,
    }
)
"""Characters per field. Both Latin names together must fit the common name; 64 is ub-organization-name."""


class Application(BaseModel):
    """A checked application. `email` is the principal's; the agent's own data are in an agent's only."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    family_name: str
    given_name: str
    family_name_latin: str
    given_name_latin: str
    family_name_kana: str
    given_name_kana: str
    company_name: str
    company_name_latin: str
    corporate_number: CorporateNumber
    email: EmailAddress
    phone: str
    validity_years: ValidityYears
    agent_name: str | None = None
    agent_company: str | None = None

    @property
    def subject(self) -> Subject:
        """What the certificate will say of the principal."""
        return Subject(
            surname=self.family_name_latin,
            given_name=self.given_name_latin,
            organization=self.company_name_latin,
            corporate_number=self.corporate_number,
            email=self.email,
        )


_PARSERS: Mapping[str, Callable[[str, int], str]] = MappingProxyType(
    {
        "family_name": parse_name,
        "given_name": parse_name,
        "family_name_latin": parse_latin_name,
        "given_name_latin": parse_latin_name,
        "family_name_kana": parse_kana,
        "given_name_kana": parse_kana,
        "company_name": parse_name,
        "company_name_latin": parse_latin_text,
        "phone": parse_phone,
        "agent_name": parse_name,
        "agent_company": parse_name,
    }
)


def check_application(raw: Mapping[str, str], applicant: Applicant, registered_email: str) -> Application:
    """The application out of the form's fields, which are named like Application's.

    A principal's address is the registered one, whatever was posted. An agent also gives
    `email_confirmation`, `agent_name` and `agent_company`, and the principal's address must not be the
    agent's own: only somebody else can approve. Raises FieldErrors.
    """
    form = FormCheck(raw)
    values: dict[str, str | int | None] = {}
    values |= _texts(form, "family_name", "given_name", "family_name_latin", "given_name_latin")
    _check_common_name(form, values["family_name_latin"], values["given_name_latin"])
    values |= _texts(form, "family_name_kana", "given_name_kana", "company_name", "company_name_latin")
    values["corporate_number"] = form.value("corporate_number", parse_corporate_number)
    values["email"] = _email(form, applicant, registered_email)
    values |= _texts(form, "phone")
    values["validity_years"] = form.value("validity_years", parse_validity_years)
    if applicant is Applicant.AGENT:
        values |= _texts(form, "agent_name", "agent_company")
    form.finish()
    return Application.model_validate(values)


def parse_validity_years(text: str) -> ValidityYears:
    """One year or two. Raises RuleBroken: `validity_choice`."""
    match text:
        case "1":
            return 1
        case "2":
            return 2
        case _:
            raise RuleBroken("validity_choice")


def _email(form: FormCheck, applicant: Applicant, registered_email: str) -> str | None:
    if applicant is Applicant.PRINCIPAL:
        return registered_email
    email = form.value("email", partial(_parse_principals_email, registered_email))
    form.value("email_confirmation", partial(parse_confirmation, email))
    return email


def _parse_principals_email(registered_email: str, text: str) -> str:
    email = parse_email(text)
    # Mail servers ignore the case of the local part, whatever RFC 5321 lets them do.
    if email.lower() == registered_email.lower():
        raise RuleBroken("email_is_agents")
    return email


def _texts(form: FormCheck, *names: str) -> dict[str, str | int | None]:
    return {name: form.value(name, partial(_parse_text, name)) for name in names}


def _parse_text(name: str, text: str) -> str:
    return _PARSERS[name](text, MAXIMUM[name])


def _check_common_name(form: FormCheck, family_name: str | int | None, given_name: str | int | None) -> None:
    both = isinstance(family_name, str) and isinstance(given_name, str)
    if both and len(f"{given_name} {family_name}") > COMMON_NAME_MAXIMUM:
        form.note("given_name_latin", "common_name_too_long", max=COMMON_NAME_MAXIMUM)
