"""Ticket numbers and company codes."""

import re
from typing import Annotated

from pydantic import AfterValidator

from domain.folding import fold_code
from domain.problem import RuleBroken

_TICKET_NUMBER = re.compile(r"1[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}p")
_COMPANY_CODE = re.compile(r"[a-z0-9-]+")

COMPANY_CODE_MAXIMUM = 32


def parse_ticket_number(text: str) -> str:
    """The ticket number in its one spelling: `1`, a UUID in lower case, `p`.

    Raises RuleBroken: `required`, `ticket_format`.
    """
    number = fold_code(text)
    if not number:
        raise RuleBroken("required")
    if not _TICKET_NUMBER.fullmatch(number):
        raise RuleBroken("ticket_format")
    return number


def parse_company_code(text: str) -> str:
    """The company code in its one spelling: lower-case ASCII letters, digits and hyphens.

    Raises RuleBroken: `required`, `too_long` (`max`), `company_code_format`.
    """
    code = fold_code(text)
    if not code:
        raise RuleBroken("required")
    if len(code) > COMPANY_CODE_MAXIMUM:
        raise RuleBroken("too_long", max=COMPANY_CODE_MAXIMUM)
    if not _COMPANY_CODE.fullmatch(code):
        raise RuleBroken("company_code_format")
    return code


TicketNumber = Annotated[str, AfterValidator(parse_ticket_number)]
CompanyCode = Annotated[str, AfterValidator(parse_company_code)]
