"""Ticket numbers and company codes have one spelling, however they were typed."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problem import Problem, RuleBroken
from domain.ticket import parse_company_code, parse_ticket_number


@given(st.uuids())
def test_every_uuid_makes_a_ticket_number(uuid: UUID) -> None:
    assert parse_ticket_number(f" １{str(uuid).upper()}Ｐ　") == f"1{uuid}p"


@given(st.uuids(), st.integers(0, 37), st.sampled_from("ghxyz_あ"))
def test_a_wrong_symbol_anywhere_is_refused(uuid: UUID, place: int, symbol: str) -> None:
    number = f"1{uuid}p"
    with pytest.raises(RuleBroken) as broken:
        parse_ticket_number(number[:place] + symbol + number[place + 1 :])
    assert broken.value.problem == Problem("ticket_format")


@pytest.mark.parametrize(
    "text", ["14f75199c-82f4-419b-8041", "14f75199c82f4419b80415f8631cb488ep", "x" * 5000]
)
def test_anything_else_is_no_ticket_number(text: str) -> None:
    with pytest.raises(RuleBroken, match=r"^ticket_format$"):
        parse_ticket_number(text)


@pytest.mark.parametrize("parse", [parse_ticket_number, parse_company_code])
@pytest.mark.parametrize("text", ["", " \u3000\u200b"])
def test_nothing_typed_is_said_to_be_missing(parse: type, text: str) -> None:
    with pytest.raises(RuleBroken, match=r"^required$"):
        parse(text)


@pytest.mark.parametrize("text", ["leo-sign", "ＬＥＯ－ＳＩＧＮ", " Leo ー Sign "])
def test_a_company_code_has_letters_digits_and_hyphens(text: str) -> None:
    assert parse_company_code(text) == "leo-sign"


def test_a_company_code_with_anything_else_or_too_long_is_refused() -> None:
    with pytest.raises(RuleBroken, match=r"^company_code_format$"):
        parse_company_code("leo_sign")
    with pytest.raises(RuleBroken) as broken:
        parse_company_code("a" * 33)
    assert broken.value.problem == Problem("too_long", {"max": 32})
