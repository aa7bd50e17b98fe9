"""Keys, certification requests and certificates, in an SQLite file that survives a kill at any moment.

StoreError
├── Conflict  the same thing was asked for before, with other data
├── Unknown   there is no such credential
└── Unfit     this certificate cannot be installed for this key
"""

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

_TABLES = """
CREATE TABLE IF NOT EXISTS credentials (
    credential_id TEXT PRIMARY KEY, reference TEXT NOT NULL, email TEXT NOT NULL, name TEXT NOT NULL,
    private_key TEXT, csr TEXT NOT NULL, created_at TEXT NOT NULL, deleted_at TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS live_references ON credentials (reference) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS certificates (
    credential_id TEXT NOT NULL REFERENCES credentials, serial TEXT NOT NULL, certificate TEXT, chain TEXT,
    installed_at TEXT, removed_at TEXT, reason TEXT, PRIMARY KEY (credential_id, serial)
);
"""


class StoreError(Exception):
    """The store cannot do what is asked."""


class Conflict(StoreError):
    """Other data than the first time."""


class Unknown(StoreError):
    """No such credential."""


class Unfit(StoreError):
    """A certificate, or its chain, that does not fit."""


@dataclass(frozen=True)
class Owner:
    """For whom a key is made."""

    reference: str
    email: str
    name: str


@dataclass(frozen=True)
class Installed:
    """A certificate (PEM) that is, or was, in use, and the CA certificates above it."""

    certificate: str
    chain: tuple[str, ...]
    installed_at: datetime
    removed_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Credential:
    """A key's public side: its name here, its owner, its certification request (PEM), its certificates."""

    credential_id: str
    owner: Owner
    csr: str
    created_at: datetime
    certificates: tuple[Installed, ...] = ()


class CredentialStore:
    """The credentials in a folder. Every call is one transaction on a connection of its own."""

    def __init__(self, folder: Path) -> None:
        """Open the store, made now if there is none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = folder / "credentials.sqlite3"
        with contextlib.closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)

    def create(self, owner: Owner) -> Credential:
        """Make a key for a reference, or give the one made before. Raises Conflict."""
        with self._begin() as connection:
            row = connection.execute(
                "SELECT * FROM credentials WHERE reference = ? AND deleted_at IS NULL", (owner.reference,)
            ).fetchone()
            if row is None:
                return _insert_credential(connection, owner)
        found = _credential(row, ())
        if found.owner != owner:
            raise Conflict("this reference was given with other data")
        return found

    def install(
        self, credential_id: str, certificate: x509.Certificate, chain: Sequence[x509.Certificate]
    ) -> None:
        """Put a certificate in use. Raises Unknown, Unfit; Conflict if another is, or this was removed."""
        serial = serial_of(certificate)
        with self._begin() as connection:
            _check_fit(_live(connection, credential_id), certificate, chain)
            rows = connection.execute(
                "SELECT * FROM certificates WHERE credential_id = ?", (credential_id,)
            ).fetchall()
            known = next((row for row in rows if row["serial"] == serial), None)
            if known is not None and known["removed_at"] is not None:
                raise Conflict("this certificate was removed")
            if known is not None and known["certificate"] == _pem(certificate):
                return
            if any(row["removed_at"] is None for row in rows):
                raise Conflict("another certificate is installed")
            connection.execute(
                "INSERT INTO certificates (credential_id, serial, certificate, chain, installed_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (credential_id, serial, _pem(certificate), json.dumps([_pem(c) for c in chain]), _now()),
            )

    def remove(self, credential_id: str, serial: str, reason: str) -> None:
        """Take a certificate out of use; it cannot be installed afterwards, even if it never was before."""
        with self._begin() as connection:
            connection.execute(
                "INSERT INTO certificates (credential_id, serial, removed_at, reason) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET removed_at = excluded.removed_at, reason = excluded.reason"
                " WHERE removed_at IS NULL",
                (credential_id, serial, _now(), reason),
            )

    def delete(self, credential_id: str) -> None:
        """Destroy a key; one that is gone stays gone. Raises Conflict while a certificate is installed."""
        with self._begin() as connection:
            if connection.execute(
                "SELECT 1 FROM certificates WHERE credential_id = ? AND removed_at IS NULL", (credential_id,)
            ).fetchone():
                raise Conflict("a certificate is installed")
            connection.execute(
                "UPDATE credentials SET private_key = NULL, email = '', name = '', deleted_at = ?"
                " WHERE credential_id = ? AND deleted_at IS NULL",
                (_now(), credential_id),
            )

    def newest_first(self) -> list[Credential]:
        """Give every credential that is not deleted."""
        with self._begin() as connection:
            rows = connection.execute(
                "SELECT * FROM credentials WHERE deleted_at IS NULL ORDER BY created_at DESC, rowid DESC"
            ).fetchall()
            return [_credential(row, _installed(connection, row["credential_id"])) for row in rows]

    def installed(self, credential_id: str, serial: str) -> Installed | None:
        """Give one certificate, in use or no longer."""
        with self._begin() as connection:
            found = _installed(connection, credential_id)
        matching = (
            c for c in found if serial_of(x509.load_pem_x509_certificate(c.certificate.encode())) == serial
        )
        return next(matching, None)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        # A destroyed key is overwritten in the file.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextlib.contextmanager
    def _begin(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            # Left by an exception, the connection is closed and the transaction with it.
            connection.execute("COMMIT")


def serial_of(certificate: x509.Certificate) -> str:
    """Write a certificate's serial number."""
    return serial_text(certificate.serial_number)


def serial_text(number: int) -> str:
    """Write a serial number: lower-case hexadecimal, whole bytes."""
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big").hex()


def _insert_credential(connection: sqlite3.Connection, owner: Owner) -> Credential:
    credential_id = secrets.token_urlsafe(16)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, credential_id)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    row = connection.execute(
        "INSERT INTO credentials (credential_id, reference, email, name, private_key, csr, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            credential_id,
            owner.reference,
            owner.email,
            owner.name,
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            csr.public_bytes(Encoding.PEM).decode(),
            _now(),
        ),
    ).fetchone()
    return _credential(row, ())


def _live(connection: sqlite3.Connection, credential_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM credentials WHERE credential_id = ? AND deleted_at IS NULL", (credential_id,)
    ).fetchone()
    if row is None:
        raise Unknown("there is no such credential")
    return row


def _check_fit(
    credential: sqlite3.Row, certificate: x509.Certificate, chain: Sequence[x509.Certificate]
) -> None:
    key = load_pem_private_key(credential["private_key"].encode(), None)
    if certificate.public_key() != key.public_key():
        raise Unfit("the certificate is for another key")
    try:
        for child, parent in zip([certificate, *chain], chain, strict=False):
            child.verify_directly_issued_by(parent)
    except (InvalidSignature, ValueError, TypeError):
        raise Unfit("the chain does not lead up from the certificate") from None


def _credential(row: sqlite3.Row, certificates: tuple[Installed, ...]) -> Credential:
    return Credential(
        row["credential_id"],
        Owner(row["reference"], row["email"], row["name"]),
        row["csr"],
        datetime.fromisoformat(row["created_at"]),
        certificates,
    )


def _installed(connection: sqlite3.Connection, credential_id: str) -> tuple[Installed, ...]:
    rows = connection.execute(
        "SELECT * FROM certificates WHERE credential_id = ? AND certificate IS NOT NULL"
        " ORDER BY installed_at DESC",
        (credential_id,),
    ).fetchall()
    return tuple(
        Installed(
            row["certificate"],
            tuple(json.loads(row["chain"])),
            datetime.fromisoformat(row["installed_at"]),
            datetime.fromisoformat(row["removed_at"]) if row["removed_at"] else None,
            row["reason"],
        )
        for row in rows
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _now() -> str:
    return datetime.now(UTC).isoformat()
