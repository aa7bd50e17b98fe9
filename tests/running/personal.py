"""What is personal in the enrolments of a test run, and the finding of it where it must not lie."""

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from domain.folding import fold_kana
from tests.running.enrolling import AGENT, TARO, Enrolling, People, issued_at, new_address
from tests.running.mailbox import Mail

ORGANISATION = {"株式会社サンプル", "Sample Corporation", "9999999999999"}
"""Whom every ticket of the demo was ordered for: no person, and yet in few places."""

TOKEN = re.compile(r"onetimetoken=([0-9a-f]{64})")

_NAMES = {
    *(TARO[name] for name in ("family_name", "given_name", "family_name_latin", "phone")),
    *(fold_kana(TARO[name]) for name in ("family_name_kana", "given_name_kana")),
    *AGENT.values(),
}
_LIKE_A_WORD = re.compile(
    rb"[\w.+-]+(?:@|%40)[\w.-]+|1[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}p|[0-9a-f]{64,}",
    re.IGNORECASE,
)
_LIKE_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")


class Personal:
    """The words that tell who somebody is, or let somebody in: names, addresses, tickets, tokens."""

    def __init__(self, tickets: Iterable[str], mails: Iterable[Mail]) -> None:
        """Take everything that was handed out and mailed."""
        mails = list(mails)
        tokens = {token for mail in mails for token in TOKEN.findall(mail.text)}
        addresses = {mail.to.lower() for mail in mails}
        assert tokens
        assert addresses
        self._rare = {word.encode() for word in (*tokens, *addresses, *tickets)}
        self._names = {form: name for name in _NAMES for form in _forms(name)}

    @property
    def words(self) -> set[str]:
        """All of them."""
        return {word.decode() for word in self._rare} | _NAMES

    def within(self, content: bytes) -> set[str]:
        """Those of the words that lie in some bytes in clear, or disguised as JSON, URLs and base64 do it."""
        return self._plainly_within(content) | self._plainly_within(b"\n".join(_from_base64(content)))

    def _plainly_within(self, content: bytes) -> set[str]:
        alike = {found.lower().replace(b"%40", b"@") for found in _LIKE_A_WORD.findall(content)}
        rare = {word.decode() for word in self._rare if any(word in each for each in alike)}
        return rare | {name for form, name in self._names.items() if form in content}


async def of_both_kinds(people: People) -> list[Enrolling]:
    """One who applied for themselves and an agent, all the way, and one who withdrew."""
    principal, agent, gone = await issued_at(people), await people.new(applicant="agent"), await people.new()
    address = new_address("principal.of.agent")
    await agent.open()
    await agent.submit(email=address, email_confirmation=address)
    await agent.approve_as(address)
    await gone.open()
    await gone.fill_in()
    await agent.stack.jcan("enrolments", "withdraw", gone.reference)
    await agent.mail("issued", to=address)
    await gone.mail("withdrawn")
    return [principal, agent, gone]


def _forms(name: str) -> set[bytes]:
    in_urls = {quoted for form in (quote(name), quote_plus(name)) for quoted in (form, form.lower())}
    return {name.encode(), name.encode("ascii", "backslashreplace"), *(form.encode() for form in in_urls)}


def _from_base64(content: bytes) -> Iterator[bytes]:
    """What whatever looks like base64 in some bytes (RFC 4648, both alphabets) would say."""
    for found in set(_LIKE_BASE64.findall(content)):
        text = found.translate(bytes.maketrans(b"-_", b"+/"))
        yield base64.b64decode(text[: len(text) - len(text) % 4])
