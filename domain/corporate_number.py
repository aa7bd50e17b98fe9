"""The 法人番号: a check digit, then twelve digits.

The check digit is laid down in the Corporate Number ordinance (法人番号の指定等に関する省令), article 2:
9 - (sum of P(n) * Q(n) modulo 9), where P(n) is the n-th digit from the right and Q(n) is 1 for odd n,
2 for even n.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from domain.folding import fold_digits
from domain.problem import RuleBroken

_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_THIRTEEN_DIGITS = re.compile(r"[0-9]{13}")


def check_digit(twelve: str) -> int:
    """The check digit (1 to 9) of the twelve digits that follow it.

    Raises ValueError when `twelve` is anything but twelve ASCII digits.
    """
    if not _TWELVE_DIGITS.fullmatch(twelve):
        raise ValueError("a corporate number has twelve digits after its check digit")
    weighted = (int(digit) * (2 if n % 2 == 0 else 1) for n, digit in enumerate(reversed(twelve), start=1))
    return 9 - sum(weighted) % 9


def parse_corporate_number(text: str) -> str:
    """The thirteen digits of a corporate number whose check digit is right.

    Raises RuleBroken: `required`, `corporate_number_format`, `corporate_number_check_digit`.
    """
    number = fold_digits(text)
    if not number:
        raise RuleBroken("required")
    if not _THIRTEEN_DIGITS.fullmatch(number):
        raise RuleBroken("corporate_number_format")
    if int(number[0]) != check_digit(number[1:]):
        raise RuleBroken("corporate_number_check_digit")
    return number


CorporateNumber = Annotated[str, AfterValidator(parse_corporate_number)]
