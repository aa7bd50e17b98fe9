"""The words are the ones that the rest of the system writes into tables and messages."""

import pytest

from domain.problem import CODES, Problem, RuleBroken
from domain.stage import Attention, Outcome, Stage


@pytest.mark.parametrize("words", [Stage, Outcome, Attention])
def test_values_are_the_names_in_lower_case(words: type[Stage] | type[Outcome] | type[Attention]) -> None:
    assert all(word.value == word.name.lower() for word in words)


def test_five_stages_are_ends() -> None:
    assert [stage for stage in Stage if stage.ended] == [
        Stage.ISSUED,
        Stage.EXPIRED,
        Stage.REFUSED,
        Stage.REJECTED,
        Stage.WITHDRAWN,
    ]


def test_a_problem_has_a_known_code() -> None:
    assert Problem("required").code in CODES
    with pytest.raises(AssertionError):
        Problem("unheard_of")


def test_a_broken_rule_says_its_code_only() -> None:
    broken = RuleBroken("too_long", max=64)
    assert str(broken) == "too_long"
    assert broken.problem == Problem("too_long", {"max": 64})
