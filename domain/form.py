"""Checking a posted form field by field, so that all its mistakes are told at once."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from domain.problem import FieldErrors, Problem, RuleBroken

_Value = TypeVar("_Value")


class FormCheck:
    """Collects the fields' values or problems, in the order in which they are asked for."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw
        self._problems: dict[str, Problem] = {}

    def value(self, name: str, parse: Callable[[str], _Value]) -> _Value | None:
        """The field as `parse` gives it, or None after noting the rule that it broke. Missing is empty."""
        try:
            return parse(self._raw.get(name, ""))
        except RuleBroken as broken:
            self._problems[name] = broken.problem
            return None

    def note(self, name: str, code: str, **params: str | int) -> None:
        """A problem between fields, told at `name` unless that field has one of its own."""
        self._problems.setdefault(name, Problem(code, params))

    def finish(self) -> None:
        """Raises FieldErrors if there was any problem."""
        if self._problems:
            raise FieldErrors(self._problems)
