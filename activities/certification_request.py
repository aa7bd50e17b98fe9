"""Reading a certification request (PKCS#10, RFC 2986): its key is taken, its subject ignored."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 8192
SMALLEST_RSA_EXPONENT = 65537


class RequestRefused(Exception):
    """A certification request that is never going to be good.

    `problem` is `csr_malformed`, `csr_signature`, `key_type` or `key_size`.
    """

    def __init__(self, problem: str) -> None:
        """Take the problem's code."""
        super().__init__(problem)
        self.problem = problem


def read_request(pem: str) -> bytes:
    """Give the request's public key as DER SubjectPublicKeyInfo, once its signature and the key are good.

    P-256, or RSA from 2048 bits. Raises RequestRefused.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        signed_by_key = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise RequestRefused("csr_malformed") from None
    _check_key(key)
    if not signed_by_key:
        raise RequestRefused("csr_signature")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_key(key: object) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        if not SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS:
            raise RequestRefused("key_size")
        if key.public_numbers().e < SMALLEST_RSA_EXPONENT:
            raise RequestRefused("key_type")
    elif not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestRefused("key_type")
