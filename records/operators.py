"""Operators, their sessions and their API keys."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from records import passwords
from records.limits import Limit
from records.operator_tables import OperatorRow, OperatorSessionRow

TRIES = Limit("sign-in-operator", 10, timedelta(minutes=15))
"""Tries to sign in per name, right or wrong; over it the name is locked, also for who knows the password."""
IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
# A page asks for several things at once: not each of them has to be written down.
_SEEN_EVERY = timedelta(minutes=1)
_TOKEN_BYTES = 32
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class Role(StrEnum):
    """What an operator may do: an administrator everything, a reviewer no tickets, operators or Temporal."""

    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Operator:
    """One operator; `tenant` is the only one whose cases they see, None: every one's.

    `must_change`: their password was made for them; before anything else they choose their own.
    """

    username: str
    email: str
    role: Role
    tenant: str | None
    disabled_at: datetime | None = None
    must_change: bool = False

    @property
    def actor(self) -> str:
        """The name under which the audit trail knows them."""
        return f"operator:{self.username}"

    def sees(self, tenant: str) -> bool:
        """Tell whether they may see a tenant's cases."""
        return self.tenant in {None, tenant}


def is_username(text: str) -> bool:
    """Tell whether a text can be a user name: 2 to 32 of a–z, 0–9, dot, hyphen, underscore."""
    return _USERNAME.fullmatch(text) is not None


async def add(session: AsyncSession, operator: Operator, password: str) -> bool:
    """Add an operator; False if the name is taken."""
    row = {
        "username": operator.username,
        "email": operator.email,
        "role": operator.role.value,
        "tenant": operator.tenant,
        "password_hash": await passwords.hashed(password),
        "must_change": operator.must_change,
        "created_at": datetime.now(UTC),
    }
    added = insert(OperatorRow).values(row).on_conflict_do_nothing().returning(OperatorRow.username)
    return await session.scalar(added) is not None


async def find(session: AsyncSession, username: str) -> Operator | None:
    """Give an operator, disabled or not."""
    row = await session.get(OperatorRow, username)
    return None if row is None else _operator(row)


async def list_all(session: AsyncSession) -> list[Operator]:
    """Give all operators by name."""
    rows = await session.scalars(select(OperatorRow).order_by(OperatorRow.username))
    return [_operator(row) for row in rows.all()]


async def disable(session: AsyncSession, username: str) -> None:
    """Let an operator in no more: sessions and API key end at once."""
    await session.execute(
        update(OperatorRow)
        .where(OperatorRow.username == username)
        .values(disabled_at=datetime.now(UTC), api_key_digest=None)
    )
    await sign_out_everywhere(session, username)


async def reset(session: AsyncSession, username: str, password: str, *, must_change: bool = False) -> None:
    """Give an operator a new password and let them in again; whoever is signed in is signed out."""
    await session.execute(
        update(OperatorRow)
        .where(OperatorRow.username == username)
        .values(disabled_at=None, password_hash=await passwords.hashed(password), must_change=must_change)
    )
    await sign_out_everywhere(session, username)


async def change_password(session: AsyncSession, username: str, password: str, now: datetime) -> str:
    """Give an operator the password that they chose, end every session, and give a new one's token."""
    await session.execute(
        update(OperatorRow)
        .where(OperatorRow.username == username)
        .values(password_hash=await passwords.hashed(password), must_change=False)
    )
    await sign_out_everywhere(session, username)
    return await sign_in(session, username, now)


async def new_api_key(session: AsyncSession, username: str) -> str:
    """Give an operator a new API key in place of the one before; only its digest is kept."""
    key = secrets.token_urlsafe(_TOKEN_BYTES)
    await session.execute(
        update(OperatorRow).where(OperatorRow.username == username).values(api_key_digest=_digest(key))
    )
    return key


async def by_password(session: AsyncSession, username: str, password: str) -> Operator | None:
    """Give the operator with this name and password, unless disabled; it takes as long for any name."""
    row = await session.get(OperatorRow, username)
    right = await passwords.matches(row.password_hash if row else None, password)
    if row is None or not right or row.disabled_at is not None:
        return None
    if passwords.outdated(row.password_hash):
        row.password_hash = await passwords.hashed(password)
    return _operator(row)


async def by_api_key(session: AsyncSession, key: str) -> Operator | None:
    """Give the operator whose API key this is, unless disabled."""
    query = select(OperatorRow).where(OperatorRow.api_key_digest == _digest(key))
    row = await session.scalar(query.where(OperatorRow.disabled_at.is_(None)))
    return None if row is None else _operator(row)


async def sign_in(session: AsyncSession, username: str, now: datetime) -> str:
    """Begin a session and give its token; sessions that are over are cleared away."""
    await session.execute(delete(OperatorSessionRow).where(OperatorSessionRow.ends_at <= now))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(
        OperatorSessionRow(
            token_digest=_digest(token),
            username=username,
            started_at=now,
            seen_at=now,
            ends_at=now + LONGEST,
        )
    )
    return token


async def by_session(session: AsyncSession, token: str, now: datetime) -> Operator | None:
    """Give who is signed in with a token, unless disabled, idle for too long, or signed in for too long."""
    query = (
        select(OperatorSessionRow, OperatorRow)
        .join(OperatorRow, OperatorRow.username == OperatorSessionRow.username)
        .where(
            OperatorSessionRow.token_digest == _digest(token),
            OperatorSessionRow.ends_at > now,
            OperatorSessionRow.seen_at > now - IDLE,
            OperatorRow.disabled_at.is_(None),
        )
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    signed_in, row = found
    if now - signed_in.seen_at > _SEEN_EVERY:
        signed_in.seen_at = now
    return _operator(row)


async def sign_out(session: AsyncSession, token: str) -> None:
    """End a session."""
    await session.execute(delete(OperatorSessionRow).where(OperatorSessionRow.token_digest == _digest(token)))


async def sign_out_everywhere(session: AsyncSession, username: str) -> None:
    """End every session of an operator."""
    await session.execute(delete(OperatorSessionRow).where(OperatorSessionRow.username == username))


def _operator(row: OperatorRow) -> Operator:
    return Operator(row.username, row.email, Role(row.role), row.tenant, row.disabled_at, row.must_change)


def _digest(token: str) -> bytes:
    # Plain SHA-256 does for a random token of 256 bits: there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()
