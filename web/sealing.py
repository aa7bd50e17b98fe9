"""Sealing what a browser keeps for us: it can neither read nor change it.

Fernet (AES-128-CBC with HMAC-SHA256) under keys derived from the web keyring, one set per purpose,
so that a thing sealed for one purpose opens for no other.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Facts must survive JSON; a fact may be a list or an object of the same.
Facts = dict[str, object]


class Sealer:
    """Seals under the current web key and opens under any of the keyring."""

    def __init__(self, keyring: Mapping[int, bytes]) -> None:
        """`keyring`: key id to 32 bytes, the current key first."""
        self._keys = list(keyring.values())
        self._fernets: dict[str, MultiFernet] = {}

    def seal(self, purpose: str, facts: Mapping[str, object], until: datetime) -> str:
        """`facts` as text for a cookie or an address; it opens until `until`."""
        plain = json.dumps({"until": until.timestamp(), "facts": dict(facts)}, ensure_ascii=False)
        return self._fernet(purpose).encrypt(plain.encode()).decode("ascii")

    def open(self, purpose: str, sealed: str) -> Facts | None:
        """The facts, or None for anything that was not sealed here for `purpose` or is over."""
        plain = self.open_bytes(purpose, sealed.encode())
        if plain is None:
            return None
        content = json.loads(plain)
        if content["until"] <= datetime.now(UTC).timestamp():
            return None
        return cast(Facts, content["facts"])

    def seal_bytes(self, purpose: str, plain: bytes) -> bytes:
        """`plain` sealed without an end of its own."""
        return self._fernet(purpose).encrypt(plain)

    def open_bytes(self, purpose: str, sealed: bytes) -> bytes | None:
        """What `seal_bytes` sealed, or None for anything else."""
        try:
            return self._fernet(purpose).decrypt(sealed)
        except InvalidToken:
            return None

    def age(self, purpose: str, sealed: str) -> timedelta | None:
        """How long ago `sealed` was made; None if it was not made here."""
        try:
            made = self._fernet(purpose).extract_timestamp(sealed.encode())
        except InvalidToken:
            return None
        return datetime.now(UTC) - datetime.fromtimestamp(made, UTC)

    def _fernet(self, purpose: str) -> MultiFernet:
        if purpose not in self._fernets:
            self._fernets[purpose] = MultiFernet([_derive(key, purpose) for key in self._keys])
        return self._fernets[purpose]


def _derive(key: bytes, purpose: str) -> Fernet:
    """A key per purpose by HKDF (RFC 5869)."""
    derived = HKDF(SHA256(), length=32, salt=None, info=f"web:{purpose}".encode()).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))
