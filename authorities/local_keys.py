"""The keys and certificates of the embedded CA: a root and the issuing CA below it, as files in one folder.

For development only: both private keys lie on disk unencrypted, readable by their owner.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from authorities.profile import EXTENDED_KEY_USAGE, new_serial

ORGANIZATION = "JCAN Local CA (development only)"
ROOT_LIFE = timedelta(days=20 * 365)
ISSUING_LIFE = timedelta(days=10 * 365)

_ROOT_KEY, _ROOT, _ISSUING_KEY, _ISSUING = "root.key", "root.pem", "issuing.key", "issuing.pem"


class KeysUnusable(Exception):
    """The folder holds something else than a whole CA; the text is a sentence for the operator."""


@dataclass(frozen=True, repr=False)
class CaKeys:
    """The embedded CA's certificates, and the key that signs for subscribers."""

    root: x509.Certificate
    issuing: x509.Certificate
    issuing_key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the CA from its folder. Raises KeysUnusable."""
        try:
            root = x509.load_pem_x509_certificate((folder / _ROOT).read_bytes())
            issuing = x509.load_pem_x509_certificate((folder / _ISSUING).read_bytes())
            key = load_pem_private_key((folder / _ISSUING_KEY).read_bytes(), None)
        except (OSError, ValueError) as error:
            raise KeysUnusable(f"The folder {folder} does not hold a whole CA.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != issuing.public_key():
            raise KeysUnusable(f"The key in {folder} is not the one in the issuing CA's certificate.")
        return cls(root, issuing, key)


def load_or_create(folder: Path) -> CaKeys:
    """Give the CA in the folder, made now if there is none. Any number of processes may do so at once.

    Raises KeysUnusable.
    """
    if not _is_made(folder):
        _create(folder)
    return CaKeys.load(folder)


def _is_made(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _create(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}-{secrets.token_hex(8)}"
    draft.mkdir(mode=0o700)
    try:
        _write(draft)
        # A folder is put in place whole or not at all; of two, the second finds the place taken.
        draft.rename(folder)
        _sync_folder(folder.parent)
    except OSError:
        if not _is_made(folder):
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(folder: Path) -> None:
    root_key = ec.generate_private_key(ec.SECP384R1())
    issuing_key = ec.generate_private_key(ec.SECP256R1())
    root = _root_certificate(root_key)
    issuing = _issuing_certificate(issuing_key, root, root_key)
    for name, key in ((_ROOT_KEY, root_key), (_ISSUING_KEY, issuing_key)):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_file(folder / name, pem)
    for name, certificate in ((_ROOT, root), (_ISSUING, issuing)):
        _write_file(folder / name, certificate.public_bytes(Encoding.PEM))
    _sync_folder(folder)


def _write_file(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _root_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("JCAN Local Root CA")
    builder = _ca_builder(name, name, key.public_key(), key.public_key(), ROOT_LIFE, path_length=1)
    return builder.sign(key, SHA384())


def _issuing_certificate(
    key: ec.EllipticCurvePrivateKey, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    name = _name("JCAN Local Issuing CA")
    builder = _ca_builder(
        root.subject, name, key.public_key(), root_key.public_key(), ISSUING_LIFE, path_length=0
    )
    any_policy = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
    builder = builder.add_extension(x509.CertificatePolicies([any_policy]), critical=False)
    return builder.add_extension(EXTENDED_KEY_USAGE, critical=False).sign(root_key, SHA384())


def _ca_builder(
    issuer: x509.Name,
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    life: timedelta,
    path_length: int,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    return (
        x509.CertificateBuilder(issuer, subject, public_key, new_serial(), now, now + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )
