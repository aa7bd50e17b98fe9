"""The secrets of an installation: how each is made, and a folder of them for `JCAN_SECRETS_DIR`."""

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from settings import DEMO_MARK, WEBHOOK_PREFIX

TLS_KEY, TLS_CERTIFICATE = "tls_key", "tls_certificate"

_KEY_BYTES = 32
_CERTIFICATE_LIFE = timedelta(days=398)
# Containers run as several users, and a file that is mounted into one keeps its owner and mode: the folder
# keeps other people of this machine out, and what is mounted decides which container reads what.
_FOLDER_MODE, _FILE_MODE = 0o700, 0o444


class Refused(Exception):
    """The folder is not one to keep secrets in; the text says why."""


def keyring() -> str:
    """Make a keyring of one key of 32 bytes, with the id 1."""
    return "1:" + base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii").rstrip("=")


def password() -> str:
    """Make a password of 192 bits, of characters that mean nothing in an address."""
    return secrets.token_urlsafe(24)


def webhook_secret() -> str:
    """Make a secret as Standard Webhooks writes it."""
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def marked(secret: str) -> str:
    """Give a secret of the three kinds above such a beginning that production refuses it."""
    label = re.match(rf"(\d+:|{WEBHOOK_PREFIX})?", secret)
    start = label.end() if label else 0
    return secret[:start] + DEMO_MARK + secret[start + len(DEMO_MARK) :]


def nothing() -> str:
    """Make an empty file, to be filled in by whoever has the secret."""
    return ""


def demo_key(tenant: str) -> str:
    """Give the name of the setting that holds a tenant's demo API key."""
    return f"JCAN_DEMO_API_KEY_{tenant.upper().replace('-', '_')}"


SETTINGS: dict[str, Callable[[], str]] = {
    "JCAN_MASTER_KEYS": keyring,
    "JCAN_LINK_KEYS": keyring,
    "JCAN_WEB_KEYS": keyring,
    "JCAN_DIGEST_KEYS": keyring,
    "JCAN_AUDIT_KEYS": keyring,
    "JCAN_ECONTRACT_KEY": password,
    "JCAN_ECONTRACT_WEBHOOK_SECRET": webhook_secret,
    "JCAN_CA_HOOK_KEY": password,
}
"""The secrets among the settings, and how each is made."""

_OF_THE_SERVERS: dict[str, Callable[[], str]] = {
    "postgres_password": password,
    "jcan_owner_password": password,
    "jcan_database_password": password,
    "temporal_database_password": password,
    "jcan_smtp_password": nothing,
}
_OF_THE_DEMO: dict[str, Callable[[], str]] = {
    "JCAN_DEMO_OPERATOR_USERNAME": lambda: "operator",
    "JCAN_DEMO_OPERATOR_PASSWORD": password,
}


def demo_settings(tenants: Iterable[str]) -> dict[str, Callable[[], str]]:
    """Give the secrets of a stack that is tried out: its operator's sign-in, the tenants' API keys."""
    return _OF_THE_DEMO | {demo_key(tenant): password for tenant in tenants}


def make_folder(folder: Path, tenants: Iterable[str], names: list[str]) -> list[str]:
    """Make the secrets that are missing in a folder, one file each, and give their names.

    What is there stays as it is. The TLS certificate is signed by its own key, for `names`. Raises Refused
    for a folder that others can enter, and OSError.
    """
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_mode & ~_FOLDER_MODE & 0o777:
        raise Refused(f"{folder} is open to other people of this machine: chmod 700 {folder}")
    settings = SETTINGS | demo_settings(tenants)
    makers = _OF_THE_SERVERS | {name.lower(): make for name, make in settings.items()}
    made = [name for name, make in makers.items() if _keep(folder / name, make)]
    # The key first: a certificate that was not made yet is made for the key that is there.
    if _keep(folder / TLS_KEY, _tls_key):
        made.append(TLS_KEY)
    if _keep(folder / TLS_CERTIFICATE, lambda: _certificate((folder / TLS_KEY).read_bytes(), names)):
        made.append(TLS_CERTIFICATE)
    return made


def _keep(path: Path, make: Callable[[], str]) -> bool:
    """Write a file unless it is there; tell whether it was written. It appears whole or not at all."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
            file.flush()
            os.fchmod(file.fileno(), _FILE_MODE)
            os.fsync(file.fileno())
        # Unlike a renaming, a link never takes the place of a file that somebody has put there meanwhile.
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _tls_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _certificate(key_pem: bytes, names: list[str]) -> str:
    """Make a server's certificate (RFC 5280), signed by its own key."""
    key = load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(f"{TLS_KEY} is no EC key: put the certificate that belongs to it beside it")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + _CERTIFICATE_LIFE
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
