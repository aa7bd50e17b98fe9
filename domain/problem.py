"""What can be wrong with something a person typed.

A problem is a code and its numbers; the sentence is composed at the edge, in the reader's language.
None of the exceptions carries the value that broke the rule: they end up in logs.

* RuleBroken  - one value breaks one rule
* FieldErrors - a form, with the problem of each field that has one
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CODES: frozenset[str] = frozenset(
    {
        "applicant_missing",
        "characters",
        "common_name_too_long",
        "company_code_format",
        "corporate_number_check_digit",
        "corporate_number_format",
        "email_format",
        "email_is_agents",
        "email_mismatch",
        "kana_only",
        "latin_letters_only",
        "phone_format",
        "printable_ascii_only",
        "reference_format",
        "required",
        "revocation_reason_missing",
        "serial_format",
        "ticket_format",
        "ticket_or_serial_format",
        "too_long",
        "validity_choice",
    }
)
"""Every code there is. `too_long` and `common_name_too_long` come with the parameter `max`."""


@dataclass(frozen=True)
class Problem:
    """A code out of `CODES`, and the numbers that its sentence needs."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise AssertionError(f"unknown problem code: {self.code}")


class RuleBroken(ValueError):
    """A value breaks a rule. Says which rule, never which value."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.problem = Problem(code, params)


class FieldErrors(Exception):
    """A form has mistakes: `problems` maps field names to problems, in the order of the form."""

    def __init__(self, problems: Mapping[str, Problem]) -> None:
        super().__init__(", ".join(f"{name}: {problem.code}" for name, problem in problems.items()))
        self.problems = dict(problems)
