"""Certification requests: which keys are taken, and which requests are refused."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from activities.certification_request import RequestRefused, read_request
from tests.certification import key_in, make_csr, openssl


def problem_of(csr: str) -> str:
    with pytest.raises(RequestRefused) as refused:
        read_request(csr)
    return refused.value.problem


def with_bad_signature() -> str:
    der = bytearray(x509.load_pem_x509_csr(make_csr().encode()).public_bytes(Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()


def openssl_request(folder: Path, *key: str) -> str:
    """A request for a kind of key that no library of ours would make."""
    openssl(*key, "-out", str(folder / "key"))
    return openssl("req", "-new", "-subj", "/CN=weak", "-key", str(folder / "key"))


def test_a_p256_key_is_taken() -> None:
    csr = make_csr()
    assert read_request(csr) == key_in(csr)


def test_an_rsa_key_of_2048_bits_is_taken() -> None:
    csr = make_csr(rsa.generate_private_key(65537, 2048))
    assert read_request(csr) == key_in(csr)


def test_a_request_of_openssl_is_taken(tmp_path: Path) -> None:
    csr = openssl_request(tmp_path, "ecparam", "-name", "prime256v1", "-genkey", "-noout")
    assert read_request(csr) == key_in(csr)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (rsa.generate_private_key(65537, 1024), "key_size"),  # noqa: S505 - the weak key is the point
        (rsa.generate_private_key(3, 2048), "key_type"),
        (ec.generate_private_key(ec.SECP256K1()), "key_type"),
        (ec.generate_private_key(ec.SECP192R1()), "key_type"),
        (ec.generate_private_key(ec.SECP384R1()), "key_type"),
    ],
    ids=["RSA-1024", "RSA with exponent 3", "secp256k1", "P-192", "P-384"],
)
def test_a_weak_or_unusual_key_is_refused(key: CertificateIssuerPrivateKeyTypes, problem: str) -> None:
    assert problem_of(make_csr(key)) == problem


def test_an_ed25519_key_is_refused() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(ed25519.Ed25519PrivateKey.generate(), None)
    assert problem_of(signed.public_bytes(Encoding.PEM).decode()) == "key_type"


def test_explicit_parameters_of_p256_are_taken_as_the_named_curve(tmp_path: Path) -> None:
    explicit = ("ecparam", "-name", "prime256v1", "-param_enc", "explicit", "-genkey", "-noout")
    assert len(read_request(openssl_request(tmp_path, *explicit))) == len(read_request(make_csr()))


def test_a_bad_signature_is_refused() -> None:
    assert problem_of(with_bad_signature()) == "csr_signature"


@pytest.mark.parametrize(
    "csr", ["", "x", "ñ", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_something_else_than_a_request_is_refused(csr: str) -> None:
    assert problem_of(csr) == "csr_malformed"
