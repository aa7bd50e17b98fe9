"""The check digit of a corporate number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.corporate_number import check_digit, parse_corporate_number
from domain.problem import RuleBroken

TWELVE = st.text(alphabet="0123456789", min_size=12, max_size=12)


@pytest.mark.parametrize(
    "number",
    [
        "8700110005901",  # the worked example that the National Tax Agency publishes
        "7000012050002",  # National Tax Agency
        "9999999999999",  # the demo's organisation
    ],
)
def test_known_numbers_pass(number: str) -> None:
    assert parse_corporate_number(number) == number


@given(TWELVE)
def test_a_number_with_its_check_digit_passes_in_any_typing(twelve: str) -> None:
    digit = check_digit(twelve)
    assert 1 <= digit <= 9
    assert parse_corporate_number(f" {digit} {twelve[:4]}-{twelve[4:8]}ー{twelve[8:]}") == f"{digit}{twelve}"


@given(TWELVE, st.integers(0, 9))
def test_every_other_check_digit_is_refused(twelve: str, digit: int) -> None:
    if digit != check_digit(twelve):
        with pytest.raises(RuleBroken, match=r"^corporate_number_check_digit$"):
            parse_corporate_number(f"{digit}{twelve}")


@given(TWELVE, st.integers(0, 11), st.integers(1, 8))
def test_one_mistyped_digit_is_noticed(twelve: str, place: int, by: int) -> None:
    # 0 and 9 weigh the same modulo 9: the one confusion that this check digit cannot see.
    wrong = (int(twelve[place]) + by) % 10
    if {wrong, int(twelve[place])} != {0, 9}:
        mistyped = f"{twelve[:place]}{wrong}{twelve[place + 1 :]}"
        assert check_digit(mistyped) != check_digit(twelve)


@pytest.mark.parametrize("text", ["999999999999", "99999999999999", "T9999999999999", "999999999999x"])
def test_anything_but_thirteen_digits_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken, match=r"^corporate_number_format$"):
        parse_corporate_number(text)
