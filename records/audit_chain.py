"""Verifying the audit trail, and its signed head.

Position n of the chain has SHA-256 over the hash at n - 1 and the digest of its entry. A changed or removed
entry breaks that. An end that was cut off breaks nothing: it shows by a head that was signed before, with a
key that the database never sees (Ed25519, RFC 8032), and kept elsewhere.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from records.audit import Entry, canonical, digest_of
from records.tables import AuditEntry, AuditLink

_SIGNED_FOR = "jcan-audit-head"
_ROWS_AT_ONCE = 1_000


class Broken(Exception):
    """The trail is not what was written; the text says where, for an auditor."""


class Head(BaseModel):
    """The end of the trail at a moment: how many entries, the last one's hash in hexadecimal, who signed."""

    model_config = ConfigDict(frozen=True)

    position: int
    hash: str
    at: datetime
    key: int
    signature: str = ""

    def signed_text(self) -> bytes:
        """What the signature is over."""
        text = (
            f"{_SIGNED_FOR}\n{self.position}\n{self.hash}\n{self.at.astimezone(UTC).isoformat()}\n{self.key}"
        )
        return text.encode()


@dataclass(frozen=True)
class Link:
    """One position of the chain with its entry."""

    position: int
    hash: bytes
    entry: Entry

    def line(self) -> str:
        """Give it as a line of an export: the entry's canonical JSON, its position and hash."""
        return f'{{"position":{self.position},"hash":"{self.hash.hex()}","entry":{canonical(self.entry)}}}'


async def links(session: AsyncSession) -> AsyncIterator[Link]:
    """Give the whole trail in order, verified link by link. Raises Broken where it is not as written."""
    previous, position = b"", 0
    async for link, row in _rows(session):
        position += 1
        if link.position != position:
            raise Broken(f"positions {position} to {link.position - 1} are missing")
        if row is None:
            raise Broken(f"the entry at position {position} is missing")
        entry = entry_of(row)
        digest = digest_of(entry)
        if digest != row.digest:
            raise Broken(f"the entry at position {position} was changed")
        if hashlib.sha256(previous + digest).digest() != link.hash:
            raise Broken(f"the chain is broken at position {position}")
        previous = link.hash
        yield Link(position, link.hash, entry)
    await _nothing_beside(session)


async def head(session: AsyncSession, keyring: Mapping[int, bytes]) -> Head:
    """Give the trail's head, signed with the current key of the keyring."""
    newest = await session.scalar(select(AuditLink).order_by(AuditLink.position.desc()).limit(1))
    key_id, seed = next(iter(keyring.items()))
    unsigned = Head(
        position=newest.position if newest else 0,
        hash=newest.hash.hex() if newest else "",
        at=datetime.now(UTC),
        key=key_id,
    )
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(unsigned.signed_text())
    return unsigned.model_copy(update={"signature": base64.b64encode(signature).decode()})


def check_signature(head: Head, keyring: Mapping[int, bytes]) -> None:
    """Raise Broken for a head that none of the keys signed."""
    seed = keyring.get(head.key)
    if seed is None:
        raise Broken(f"the head was signed with key {head.key}, which is not in JCAN_AUDIT_KEYS")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    try:
        public.verify(base64.b64decode(head.signature, validate=True), head.signed_text())
    except (InvalidSignature, ValueError):
        raise Broken("the head's signature is not ours") from None


async def verify(session: AsyncSession, *heads: Head) -> int:
    """Verify the whole trail and that it goes on from each head; give the number of entries. Raises Broken.

    The heads' signatures are to be checked before.
    """
    count = 0
    wanted = {head.position: head for head in heads if head.position}
    async for link in links(session):
        count = link.position
        known = wanted.pop(count, None)
        if known is not None and known.hash != link.hash.hex():
            raise Broken(f"position {count} is not the one that was signed at {known.at.isoformat()}")
    if wanted:
        missing = max(wanted)
        raise Broken(
            f"the trail ends at position {count}; at {wanted[missing].at.isoformat()} it had {missing}"
        )
    return count


def entry_of(row: AuditEntry) -> Entry:
    """Give what a row says."""
    return Entry(
        key=row.key,
        at=row.at,
        actor=row.actor,
        action=row.action,
        reference=row.reference,
        tenant=row.tenant,
        facts=row.facts,
    )


def read_heads(text: str) -> list[Head]:
    """Give the heads in a file: a head, several one a line, or an export, which ends with one.

    Raises ValueError if there is none.
    """
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    heads = [Head.model_validate(line.get("head", line)) for line in lines if "entry" not in line]
    if not heads:
        raise ValueError("no head in it")
    return heads


class _Line(BaseModel):
    """A line of an export, see `Link.line`."""

    position: int
    hash: str
    entry: Entry


def read_export(lines: Iterable[str], keyring: Mapping[int, bytes]) -> tuple[list[Entry], Head]:
    """Give an export's entries and its head, verified without the database that it came from.

    Raises Broken, and ValueError for what is no export.
    """
    entries: list[Entry] = []
    previous = b""
    for line in lines:
        if '"head"' in line and '"entry"' not in line:
            signed = read_heads(line)[0]
            check_signature(signed, keyring)
            if (signed.position, signed.hash) != (len(entries), previous.hex()):
                raise Broken("the export is not what its head says")
            return entries, signed
        read = _Line.model_validate_json(line)
        entries.append(read.entry)
        previous = hashlib.sha256(previous + digest_of(read.entry)).digest()
        if (read.position, read.hash) != (len(entries), previous.hex()):
            raise Broken(f"the export is broken at position {read.position}")
    raise ValueError("no head at its end")


async def _rows(session: AsyncSession) -> AsyncIterator[tuple[AuditLink, AuditEntry | None]]:
    """Give the chain with its entries, some at a time: a trail may be longer than the memory."""
    query = (
        select(AuditLink, AuditEntry)
        .outerjoin(AuditEntry, AuditEntry.sequence == AuditLink.sequence)
        .order_by(AuditLink.position)
        .limit(_ROWS_AT_ONCE)
    )
    after = -1
    while rows := (await session.execute(query.where(AuditLink.position > after))).all():
        for link, row in rows:
            yield link, row
        after = rows[-1][0].position
        session.expunge_all()


async def _nothing_beside(session: AsyncSession) -> None:
    """Raise Broken if there are entries outside the chain."""
    chained = select(AuditLink.sequence).where(AuditLink.sequence == AuditEntry.sequence)
    stray = await session.scalar(select(AuditEntry.sequence).where(~chained.exists()).limit(1))
    if stray is not None:
        raise Broken(f"the entry with sequence {stray} stands outside the chain")
