"""References survive being read out, typed in and copied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problem import RuleBroken
from domain.reference import Reference

RAW = st.binary(min_size=8, max_size=8)


@given(RAW)
def test_a_reference_is_read_back_from_either_writing(raw: bytes) -> None:
    reference = Reference.from_bytes(raw)
    assert Reference.parse(reference.text) == reference
    assert Reference.parse(reference.grouped) == reference
    assert reference.raw == raw


@given(RAW)
def test_it_is_written_with_thirteen_symbols_in_groups_of_four(raw: bytes) -> None:
    reference = Reference(raw)
    assert len(reference.text) == 13
    assert [len(group) for group in reference.grouped.split("-")] == [4, 4, 4, 1]
    assert str(reference) == reference.text


@given(RAW, RAW)
def test_writings_sort_like_the_bytes(one: bytes, other: bytes) -> None:
    assert (one < other) == (Reference(one).text < Reference(other).text)


def test_look_alikes_and_any_case_are_understood() -> None:
    assert Reference.parse(" oi2l-oooo-oooo-o ") == Reference.parse("0121000000000")
    assert Reference.parse("ａｂｃｄ－ＥＦＧＨ－ｊｋｍｎ－ｐ") == Reference.parse("ABCDEFGHJKMNP")


def test_the_last_reference_is_the_last() -> None:
    assert Reference(b"\xff" * 8).text == "FZZZZZZZZZZZZ"


@pytest.mark.parametrize(
    "text", ["012345678901", "01234567890123", "012345678901U", "G000000000000", "０１２あ"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken, match=r"^reference_format$"):
        Reference.parse(text)


def test_a_reference_has_eight_bytes() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        Reference.from_bytes(b"seven..")
