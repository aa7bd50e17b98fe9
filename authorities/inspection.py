"""What is looked at when a certificate comes back from a CA, before anybody is given it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from cryptography.x509.oid import AuthorityInformationAccessOID

from authorities.connector import Issued
from authorities.lint import lint_certificate
from authorities.profile import (
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    MAXIMUM_VALIDITY,
    alternative_name,
    subject_name,
)
from domain.subject import Subject

KEY = "issued.key"
SUBJECT = "issued.subject"
ADDRESS = "issued.address"
KEY_USAGES = "issued.key_usage"
EXTENDED_KEY_USAGES = "issued.extended_key_usage"
CRL_POINTER = "issued.crl_pointer"
OCSP_POINTER = "issued.ocsp_pointer"
VALIDITY = "issued.validity"
CHAIN = "issued.chain"

CLOCK_DIFFERENCE = timedelta(hours=1)
"""How far a CA's clock may be ahead of ours."""

_ExtensionT = TypeVar("_ExtensionT", bound=x509.ExtensionType)


def inspect_issued(
    issued: Issued, subject: Subject, public_key: bytes, anchors: Sequence[x509.Certificate], at: datetime
) -> list[str]:
    """Give the codes of everything in which a certificate is not what was ordered; empty when it is.

    `public_key` is the DER SubjectPublicKeyInfo of the order, `at` the present time (UTC).
    """
    certificate = issued.certificate
    try:
        deviations = list(_deviations(certificate, subject, public_key, at))
    except ValueError:
        # An extension that does not decode; the linter says which.
        deviations = []
    if not _leads_to(anchors, issued, at):
        deviations.append(CHAIN)
    return deviations + lint_certificate(certificate.public_bytes(Encoding.DER))


def _deviations(
    certificate: x509.Certificate, subject: Subject, public_key: bytes, at: datetime
) -> Iterator[str]:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key != public_key:
        yield KEY
    if _attributes(certificate.subject) != _attributes(subject_name(subject)):
        yield SUBJECT
    if _extension(certificate, x509.SubjectAlternativeName) != alternative_name(subject):
        yield ADDRESS
    if _extension(certificate, x509.KeyUsage) != KEY_USAGE:
        yield KEY_USAGES
    if set(_extension(certificate, x509.ExtendedKeyUsage) or ()) != set(EXTENDED_KEY_USAGE):
        yield EXTENDED_KEY_USAGES
    if not _extension(certificate, x509.CRLDistributionPoints):
        yield CRL_POINTER
    access = _extension(certificate, x509.AuthorityInformationAccess) or ()
    if all(pointer.access_method != AuthorityInformationAccessOID.OCSP for pointer in access):
        yield OCSP_POINTER
    if not _validity_is_right(certificate, at):
        yield VALIDITY


def _validity_is_right(certificate: x509.Certificate, at: datetime) -> bool:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start <= at + CLOCK_DIFFERENCE and at < end and end - start < MAXIMUM_VALIDITY


def _attributes(name: x509.Name) -> list[bytes]:
    # In DER, so that UTF8String and PrintableString differ; sorted, since a CA may order them as it likes.
    return sorted(x509.Name([attribute]).public_bytes() for attribute in name)


def _extension(certificate: x509.Certificate, kind: type[_ExtensionT]) -> _ExtensionT | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _leads_to(anchors: Sequence[x509.Certificate], issued: Issued, at: datetime) -> bool:
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(anchors)))
        .time(max(at, issued.certificate.not_valid_before_utc))
        .build_client_verifier()
    )
    try:
        path = verifier.verify(issued.certificate, list(issued.chain)).chain
    except (verification.VerificationError, ValueError):
        return False
    # What is handed on has to be the path itself, in order.
    given = [issued.certificate, *issued.chain]
    return path[: len(given)] == given
