"""The vault: one data key per enrolment, wrapped by a master key that stands outside the database.

Everything personal is sealed with AES-256-GCM under its enrolment's data key (NIST SP 800-38D, 96-bit random
nonces). Shredding the data key erases the person from every place at once, backups of the history included.
A sealed value is `nonce || ciphertext || tag`; a wrapped data key is the same under the master key, bound to
its key id.
"""

import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from records.database import Database
from records.tables import DataKey

NONCE_BYTES = 12
REMEMBERED_KEYS = 2_000
# A shredded key must not live on in a process that still remembers it.
REMEMBERED_SECONDS = 60.0


class VaultError(Exception):
    """A value cannot be sealed or opened.

    VaultError
    ├── KeyMissing   no data key of that name was ever made here
    ├── Erased       the data key was shredded
    └── MasterKeyMissing  the data key is wrapped by a master key that this process was not given
    """


class KeyMissing(VaultError):
    """No data key of that name exists."""


class Erased(VaultError):
    """The data key was shredded: what it sealed is gone for good. `reference` is the enrolment's."""

    def __init__(self, reference: str) -> None:
        """Say whose it was."""
        super().__init__(reference)
        self.reference = reference


class MasterKeyMissing(VaultError):
    """The configuration lacks the master key that wraps this data key."""


@dataclass(frozen=True)
class OpenKey:
    """A data key, ready for use; `reference` is the enrolment's."""

    key_id: str
    reference: str
    cipher: AESGCM


class Vault:
    """Seals and opens values under each enrolment's data key."""

    def __init__(self, database: Database, master_keyring: Mapping[int, bytes]) -> None:
        """Take the database of wrapped keys and the master keys by id, the current one first."""
        self._database = database
        self._masters = {key_id: AESGCM(key) for key_id, key in master_keyring.items()}
        self._current_master = next(iter(master_keyring))
        self._remembered: OrderedDict[str, tuple[float, OpenKey]] = OrderedDict()

    async def seal(self, reference: str, plaintext: bytes, context: bytes) -> bytes:
        """Seal bytes for an enrolment, making its data key if there is none yet.

        `context` says what the value is; it must be the same at opening. Raises Erased.
        """
        key = await self.key_of(reference)
        return seal_under(key, plaintext, context)

    async def open(self, reference: str, sealed: bytes, context: bytes) -> bytes:
        """Open what `seal` gave. Raises Erased, KeyMissing, or cryptography's InvalidTag."""
        key = self._recall(reference) or self._remember(reference, await self._load(reference=reference))
        return open_under(key, sealed, context)

    async def key_of(self, reference: str) -> OpenKey:
        """Give an enrolment's data key, made now if there is none. Raises Erased."""
        remembered = self._recall(reference)
        if remembered is not None:
            return remembered
        try:
            key = await self._load(reference=reference)
        except KeyMissing:
            await self._make(reference)
            key = await self._load(reference=reference)
        return self._remember(reference, key)

    async def key_by_id(self, key_id: str) -> OpenKey:
        """Give the data key with an id. Raises KeyMissing, Erased."""
        remembered = self._recall(key_id)
        if remembered is not None:
            return remembered
        return self._remember(key_id, await self._load(key_id=key_id))

    async def present_key(self, key_id: str) -> OpenKey:
        """Give the data key with an id as it is now, not as it is remembered. Raises KeyMissing, Erased."""
        return await self._load(key_id=key_id)

    async def rewrap(self, most: int = 1_000) -> int:
        """Wrap data keys anew that another master key than the current one wraps; give how many of `most`.

        Values stay as they are, so that nobody has to wait. Raises MasterKeyMissing.
        """
        async with self._database.begin() as session:
            query = (
                select(DataKey)
                .where(DataKey.wrapped.is_not(None), DataKey.master_key != self._current_master)
                .order_by(DataKey.key_id)
                .limit(most)
                .with_for_update(skip_locked=True)
            )
            rows = (await session.scalars(query)).all()
            for row in rows:
                plain = _decrypt(self._master(row.master_key), row.wrapped or b"", row.key_id.bytes)
                row.wrapped = _encrypt(self._masters[self._current_master], plain, row.key_id.bytes)
                row.master_key = self._current_master
        return len(rows)

    def _master(self, key_id: int) -> AESGCM:
        master = self._masters.get(key_id)
        if master is None:
            raise MasterKeyMissing(f"JCAN_MASTER_KEYS lacks key {key_id}")
        return master

    async def _make(self, reference: str) -> None:
        key_id = uuid.uuid4()
        wrapped = _encrypt(self._masters[self._current_master], AESGCM.generate_key(256), key_id.bytes)
        row = {
            "key_id": key_id,
            "reference": reference,
            "wrapped": wrapped,
            "master_key": self._current_master,
            "created_at": datetime.now(UTC),
        }
        async with self._database.begin() as session:
            await session.execute(insert(DataKey).values(row).on_conflict_do_nothing())

    async def _load(self, *, reference: str | None = None, key_id: str | None = None) -> OpenKey:
        by = DataKey.reference == reference if key_id is None else DataKey.key_id == _key_id(key_id)
        async with self._database.view() as session:
            row = (await session.scalars(select(DataKey).where(by))).one_or_none()
        if row is None:
            raise KeyMissing
        if row.wrapped is None:
            raise Erased(row.reference)
        master = self._master(row.master_key)
        return OpenKey(
            str(row.key_id), row.reference, AESGCM(_decrypt(master, row.wrapped, row.key_id.bytes))
        )

    def _recall(self, name: str) -> OpenKey | None:
        entry = self._remembered.get(name)
        if entry is None or time.monotonic() - entry[0] > REMEMBERED_SECONDS:
            return None
        return entry[1]

    def _remember(self, name: str, key: OpenKey) -> OpenKey:
        self._remembered[name] = (time.monotonic(), key)
        self._remembered.move_to_end(name)
        if len(self._remembered) > REMEMBERED_KEYS:
            self._remembered.popitem(last=False)
        return key


def _key_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise KeyMissing from None


def seal_under(key: OpenKey, plaintext: bytes, context: bytes) -> bytes:
    """Seal bytes under an open data key."""
    return _encrypt(key.cipher, plaintext, context)


def open_under(key: OpenKey, sealed: bytes, context: bytes) -> bytes:
    """Open what `seal_under` gave; raises cryptography's InvalidTag if it was altered."""
    return _decrypt(key.cipher, sealed, context)


def _encrypt(cipher: AESGCM, plaintext: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, context)


def _decrypt(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
