"""Link tokens prove who made them and for what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link_token import (
    BadToken,
    ForgedToken,
    LinkToken,
    MalformedToken,
    Purpose,
    UnknownKey,
    WrongPurpose,
    sign,
    verify,
)
from domain.reference import Reference

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEYRING = {7: NEW, 6: OLD}
TOKENS = st.builds(
    LinkToken,
    purpose=st.sampled_from(Purpose),
    generation=st.integers(1, 65535),
    reference=st.builds(Reference, st.binary(min_size=8, max_size=8)),
)


@given(TOKENS)
def test_a_token_is_64_hexadecimal_digits_and_says_what_was_signed(token: LinkToken) -> None:
    text = sign(token, KEYRING)
    assert len(text) == 64
    assert verify(text, KEYRING) == token
    assert verify(text, KEYRING, token.purpose) == token


@given(TOKENS)
def test_the_current_key_signs_and_the_previous_one_still_verifies(token: LinkToken) -> None:
    assert sign(token, KEYRING) == sign(token, {7: NEW})
    assert verify(sign(token, {6: OLD}), KEYRING) == token


@given(TOKENS)
def test_a_token_of_a_dropped_key_is_refused(token: LinkToken) -> None:
    with pytest.raises(UnknownKey):
        verify(sign(token, {5: OLD}), KEYRING)


@given(TOKENS, st.integers(0, 63), st.integers(1, 15))
def test_a_changed_digit_is_noticed_wherever_it_is(token: LinkToken, place: int, by: int) -> None:
    text = sign(token, KEYRING)
    changed = f"{text[:place]}{int(text[place], 16) ^ by:x}{text[place + 1 :]}"
    with pytest.raises((ForgedToken, UnknownKey)):
        verify(changed, KEYRING)


@given(TOKENS)
def test_a_token_serves_its_purpose_only(token: LinkToken) -> None:
    for purpose in set(Purpose) - {token.purpose}:
        with pytest.raises(WrongPurpose):
            verify(sign(token, KEYRING), KEYRING, purpose)


@given(st.text(max_size=80))
def test_junk_is_no_token(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, KEYRING)


@pytest.mark.parametrize(
    "text", ["", "0" * 63, "0" * 65, "A" * 64, "０" * 64, f"{'0' * 63}\n", " " + "0" * 63]
)
def test_only_64_lower_case_digits_are_looked_at(text: str) -> None:
    with pytest.raises(MalformedToken):
        verify(text, KEYRING)


def test_the_exceptions_do_not_repeat_the_token() -> None:
    text = sign(LinkToken(Purpose.STATUS, 1, Reference(b"12345678")), {1: OLD})
    with pytest.raises(UnknownKey) as caught:
        verify(text, KEYRING)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("generation", "keyring"), [(65536, KEYRING), (-1, KEYRING), (1, {256: OLD}), (1, {})]
)
def test_what_does_not_fit_is_not_signed(generation: int, keyring: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        sign(LinkToken(Purpose.STATUS, generation, Reference(b"12345678")), keyring)
