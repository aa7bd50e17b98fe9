"""Contents and signature of a certificate, apart: what will be signed is stored and linted before it is."""

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256


@asn1.sequence
class _AlgorithmIdentifier:
    """AlgorithmIdentifier of RFC 5280, section 4.1.1.2; ECDSA's has no parameters (RFC 5758, section 3.2)."""

    algorithm: x509.ObjectIdentifier


@asn1.sequence
class _Certificate:
    """Certificate of RFC 5280, section 4.1."""

    contents: asn1.TLV
    algorithm: _AlgorithmIdentifier
    signature: asn1.BitString


def under_throwaway_key(contents: x509.CertificateBuilder) -> x509.Certificate:
    """Give the certificate with a signature that nobody trusts: its key is forgotten at once.

    Its `tbs_certificate_bytes` are what `sign` takes.
    """
    return contents.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())


def sign(tbs: bytes, issuer_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Sign a DER TBSCertificate that names ecdsa-with-SHA256 as its signature's algorithm."""
    certificate = _Certificate(
        contents=asn1.decode_der(asn1.TLV, tbs),
        algorithm=_AlgorithmIdentifier(algorithm=x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256),
        signature=asn1.BitString(issuer_key.sign(tbs, ec.ECDSA(SHA256())), 0),
    )
    return x509.load_der_x509_certificate(asn1.encode_der(certificate))
