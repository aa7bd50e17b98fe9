"""The contents of a subscriber's certificate.

The shape is the CA/Browser Forum S/MIME Baseline Requirements' "sponsor-validated, multipurpose" profile
(section 7.1), with the CA's own policy OID.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from authorities.connector import CertificateRequest
from domain.email import rfc5321_mailbox
from domain.subject import Subject

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336)."""

ORGANIZATION_IDENTIFIER_PREFIX = "NTRJP-"
"""A number of the national trade register of Japan (ETSI EN 319 412-1, section 5.1.4)."""

MAXIMUM_VALIDITY = timedelta(days=825)
_DAYS = {1: 365, 2: 730}
_SERIAL_RANDOM_BITS = 126

KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
EXTENDED_KEY_USAGE = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH, DOCUMENT_SIGNING]
)


@dataclass(frozen=True)
class Pointers:
    """Where relying parties find revocation and the issuer, as absolute `http` URLs."""

    crl: str
    ocsp: str
    issuer_certificate: str


@dataclass(frozen=True)
class Issuer:
    """Who signs, as far as the signed contents tell: name, key, policy and pointers."""

    name: x509.Name
    public_key: CertificateIssuerPublicKeyTypes
    policy: x509.ObjectIdentifier
    pointers: Pointers


def subject_name(subject: Subject) -> x509.Name:
    """Give the distinguished name: country as PrintableString (RFC 5280, appendix A), the rest as UTF8String.

    Raises ValueError when a value is longer than its attribute allows, without telling the value.
    """
    attributes = [
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, subject.organization),
        (NameOID.ORGANIZATION_IDENTIFIER, ORGANIZATION_IDENTIFIER_PREFIX + subject.corporate_number),
        (NameOID.SURNAME, subject.surname),
        (NameOID.GIVEN_NAME, subject.given_name),
        (NameOID.COMMON_NAME, subject.common_name),
    ]
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    except ValueError:
        raise ValueError("a name is too long or empty") from None


def alternative_name(subject: Subject) -> x509.SubjectAlternativeName:
    """Give the address as the one rfc822Name, its local part quoted where RFC 5321 asks for it.

    Raises ValueError when the address is none, without telling it.
    """
    try:
        return x509.SubjectAlternativeName([x509.RFC822Name(rfc5321_mailbox(subject.email))])
    except ValueError:
        raise ValueError("the address is not one") from None


def new_serial() -> int:
    """Give a serial number: positive, always 16 octets, 126 bits of it from the system's generator.

    RFC 5280, section 4.1.2.2 allows 20 octets; the Baseline Requirements ask for 64 random bits.
    """
    return (1 << _SERIAL_RANDOM_BITS) | secrets.randbits(_SERIAL_RANDOM_BITS)


def certificate_contents(
    request: CertificateRequest, issuer: Issuer, serial: int, not_before: datetime
) -> x509.CertificateBuilder:
    """Give everything of the certificate but its signature; one year is 365 days, two are 730.

    Raises ValueError when the request does not fit into a certificate.
    """
    key = load_der_public_key(request.public_key)
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        raise ValueError("the key is neither an EC nor an RSA key")  # noqa: TRY004 - the documented error
    start = not_before.replace(microsecond=0)
    # Both ends belong to the validity period (RFC 5280, section 4.1.2.5).
    end = start + timedelta(days=_DAYS[request.validity_years]) - timedelta(seconds=1)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.name,
        subject_name=subject_name(request.subject),
        public_key=key,
        serial_number=serial,
        not_valid_before=start,
        not_valid_after=end,
    )
    for extension in _extensions(request.subject, key, issuer):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.KeyUsage))
    return builder


def _extensions(
    subject: Subject, key: EllipticCurvePublicKey | RSAPublicKey, issuer: Issuer
) -> list[x509.ExtensionType]:
    pointers = issuer.pointers
    return [
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key),
        x509.SubjectKeyIdentifier.from_public_key(key),
        KEY_USAGE,
        x509.CertificatePolicies([x509.PolicyInformation(issuer.policy, None)]),
        alternative_name(subject),
        EXTENDED_KEY_USAGE,
        x509.CRLDistributionPoints([x509.DistributionPoint([_uri(pointers.crl)], None, None, None)]),
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(pointers.ocsp)),
                x509.AccessDescription(
                    AuthorityInformationAccessOID.CA_ISSUERS, _uri(pointers.issuer_certificate)
                ),
            ]
        ),
    ]


def _uri(url: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(url)
