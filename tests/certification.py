"""People, keys and certification requests for tests, and openssl as a second opinion."""

import shutil
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.subject import Subject

TARO = Subject(
    surname="Takahashi",
    given_name="Taro",
    organization="Sample Corporation",
    corporate_number="9999999999999",
    email="taro@example.jp",
)


def make_csr(key: CertificateIssuerPrivateKeyTypes | None = None) -> str:
    """Give a certification request (PEM) signed with a key, a new P-256 key if none is given."""
    signer = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ignored")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(signer, SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def key_in(csr: str) -> bytes:
    """Give the DER SubjectPublicKeyInfo in a certification request."""
    key = x509.load_pem_x509_csr(csr.encode()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def openssl(*arguments: str) -> str:
    """Run openssl and give what it prints; an error of its is the test's."""
    program = shutil.which("openssl")
    assert program is not None, "openssl is not installed"
    run = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
