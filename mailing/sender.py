"""The From header, its display name in one encoded-word.

Split into two encoded-words, a Japanese name is shown with a gap in it by programs that do not drop the white
space between them (RFC 2047, section 6.2), Python's own before 3.13 among them. UTF-8 takes up the 75
characters of an encoded-word too quickly; ISO-2022-JP, where it has the characters, does not.
"""

from base64 import b64encode
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueSingleAddressHeader
from email.policy import Policy

_ENCODED_WORD_MAXIMUM = 75
_CHARSETS = ("utf-8", "iso-2022-jp")


class _Sender(UniqueSingleAddressHeader, BaseHeader):  # type: ignore[misc]  # combined as the registry does
    """A From header of one address."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines; as any other header's where one encoded-word cannot hold the name."""
        word = _encoded_word(self.address.display_name)
        if word is None:
            return super().fold(policy=policy)
        return f"{self.name}: {word}{policy.linesep} <{self.address.addr_spec}>{policy.linesep}"


def header_registry() -> HeaderRegistry:
    """The usual headers, with this From among them."""
    registry = HeaderRegistry()
    registry.map_to_type("from", _Sender)
    return registry


def _encoded_word(name: str) -> str | None:
    if name.isascii():
        return None
    for charset in _CHARSETS:
        try:
            encoded = b64encode(name.encode(charset)).decode("ascii")
        except UnicodeEncodeError:
            continue
        word = f"=?{charset}?b?{encoded}?="
        if len(word) <= _ENCODED_WORD_MAXIMUM:
            return word
    return None
