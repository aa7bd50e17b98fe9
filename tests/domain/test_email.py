"""Which mail addresses are accepted, and how they are written where RFC 5321 counts."""

from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.email import parse_email, rfc5321_mailbox
from domain.problem import RuleBroken

LOCALS = st.text(alphabet="abcXYZ09!#$%&'*+/=?^_`{|}~-.", min_size=1, max_size=64).filter(
    lambda text: text.strip(".")
)


@pytest.mark.parametrize(
    "address",
    [
        "taro.yamada@example.jp",
        "a..b@docomo.ne.jp",
        "a.@docomo.ne.jp",
        ".a@docomo.ne.jp",
        "o'brien+jcan@sub.example.co.jp",
        "Taro@example.jp",
        f"{'a' * 64}@example.jp",
    ],
)
def test_addresses_that_exist_are_accepted_as_they_are(address: str) -> None:
    assert parse_email(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "taro",
        "@example.jp",
        "taro@",
        "...@example.jp",
        "taro@localhost",
        "taro@example..jp",
        "taro@-example.jp",
        "taro@192.0.2.1",
        "taro yamada@example.jp",
        "太郎@example.jp",
        "taro@example.jp,hanako@example.jp",
        "taro@example.jp\nBcc: hanako@example.jp",
        "taro@exa_mple.jp",
        '"taro"@example.jp',
        "taro@hanako@example.jp",
        f"{'a' * 65}@example.jp",
        f"taro@{'a' * 64}.jp",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(RuleBroken, match=r"^email_format$"):
        parse_email(address)


def test_an_address_has_at_most_254_characters() -> None:
    longest = f"{'a' * 62}@{'.'.join(['b' * 60] * 3)}.{'c' * 5}.jp"
    assert len(longest) == 254
    assert parse_email(longest) == longest
    with pytest.raises(RuleBroken, match=r"^too_long$"):
        parse_email(f"a{longest}")


@given(LOCALS)
def test_every_local_part_of_allowed_characters_is_kept_and_written_so_that_mail_programs_read_it(
    local: str,
) -> None:
    address = parse_email(f"{local}@EXAMPLE.jp")
    assert address == f"{local}@example.jp"
    assert Address(addr_spec=rfc5321_mailbox(address)).username == local


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("a.b@example.jp", "a.b@example.jp"),
        ("a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'),
        ("a.@docomo.ne.jp", '"a."@docomo.ne.jp'),
    ],
)
def test_only_a_local_part_that_is_no_dot_string_is_quoted(address: str, mailbox: str) -> None:
    assert rfc5321_mailbox(address) == mailbox
