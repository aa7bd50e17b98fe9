"""The onetimetoken of a mailed link: 32 bytes that prove themselves, stored nowhere.

    key id 1 | purpose 1 | generation 2 | reference 8 | HMAC-SHA256 over these, its first 20 bytes

Whether a link still counts (used, superseded, expired) is the enrolment's to say; junk ends here, before any
I/O.

* BadToken
  * MalformedToken - not 64 lower-case hexadecimal digits
  * UnknownKey     - signed with a key that is no longer, or never was, ours
  * ForgedToken    - the signature is wrong
  * WrongPurpose   - a good token, made for another kind of link
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, unique

from domain.reference import Reference

_FIELDS = struct.Struct(">BBH8s")
_SIGNATURE_BYTES = 20
_HEX = re.compile(r"[0-9a-f]{64}")


class BadToken(ValueError):
    """A token that is not to be acted on. Never carries the token."""


class MalformedToken(BadToken):
    """Not a token at all."""


class UnknownKey(BadToken):
    """The key that it names is not in the keyring."""


class ForgedToken(BadToken):
    """The signature does not fit."""


class WrongPurpose(BadToken):
    """Signed by us, for another purpose."""


@unique
class Purpose(IntEnum):
    """What a link is for; its number is in the token, so it never changes."""

    APPLICATION = 1
    APPROVAL = 2
    STATUS = 3
    REVOCATION = 4
    RENEWAL = 5

    @property
    def path(self) -> str:
        """Where such a link leads, below the tenant."""
        return _PATHS[self]


_PATHS = {
    Purpose.APPLICATION: "realregist/step1",
    Purpose.APPROVAL: "approval",
    Purpose.STATUS: "status",
    Purpose.REVOCATION: "revocation/link",
    Purpose.RENEWAL: "renewal",
}


@dataclass(frozen=True)
class LinkToken:
    """What a token says. `generation` counts the links of one purpose, from 1 to 65535."""

    purpose: Purpose
    generation: int
    reference: Reference


# Whom a link to the renewal was mailed to stands in the place of its generation.
RENEWAL_BY_APPLICANT, RENEWAL_BY_PRINCIPAL = 1, 2


def sign(token: LinkToken, keyring: Mapping[int, bytes]) -> str:
    """The token as 64 hexadecimal digits, signed with the keyring's first key.

    Raises ValueError when the keyring is empty, or a key id or the generation does not fit its field.
    """
    try:
        key_id, key = next(iter(keyring.items()))
        fields = _FIELDS.pack(key_id, token.purpose, token.generation, token.reference.raw)
    except (StopIteration, struct.error) as error:
        raise ValueError("this token cannot be signed: no key, or a number out of range") from error
    return (fields + _signature(fields, key)).hex()


def verify(text: str, keyring: Mapping[int, bytes], purpose: Purpose | None = None) -> LinkToken:
    """What the token says, once its signature has been checked with the key that it names.

    With `purpose`, a token made for anything else is refused. Raises BadToken's subclasses.
    """
    if not _HEX.fullmatch(text):
        raise MalformedToken("not a link token")
    raw = bytes.fromhex(text)
    fields, signature = raw[: _FIELDS.size], raw[_FIELDS.size :]
    key_id, purpose_number, generation, reference = _FIELDS.unpack(fields)
    key = keyring.get(key_id)
    if key is None:
        raise UnknownKey("signed with an unknown key")
    if not hmac.compare_digest(signature, _signature(fields, key)):
        raise ForgedToken("the signature is wrong")
    if purpose is not None and purpose_number != purpose:
        raise WrongPurpose("made for another kind of link")
    return LinkToken(Purpose(purpose_number), generation, Reference(reference))


def _signature(fields: bytes, key: bytes) -> bytes:
    return hmac.digest(key, fields, hashlib.sha256)[:_SIGNATURE_BYTES]
