"""Operators' passwords: Argon2id (RFC 9106) with the library's parameters, off the event loop."""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters of a password that somebody chose; a longer one is better than one with odd characters."""
LONGEST = 200
"""Characters up to which a password is taken: room for a sentence, not for a book to be hashed."""

_hasher = PasswordHasher()


@cache
def _nobodys() -> str:
    """Give what a name that nobody has is compared with: it must take as long as for anybody's."""
    return _hasher.hash(secrets.token_urlsafe())


def new_password() -> str:
    """Give a random password, for an operator's first sign-in."""
    return secrets.token_urlsafe(15)


async def hashed(password: str) -> str:
    """Give what is kept of a password."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether a password is the one; None as the hash is nobody's, and takes the same time."""

    def compare() -> bool:
        nobodys = _nobodys()
        try:
            _hasher.verify(password_hash or nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    return await asyncio.to_thread(compare)


def outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than the present ones."""
    return _hasher.check_needs_rehash(password_hash)
