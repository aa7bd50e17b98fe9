"""Linting a certificate before it exists, and again when it comes back from the CA.

pkilint checks RFC 5280 and the CA/Browser Forum S/MIME Baseline Requirements (sponsor-validated,
multipurpose); our own checks cover what it has no rule for.
"""

import logging
import re
from collections.abc import Sequence
from functools import cache

from cryptography import x509
from cryptography.x509.oid import NameOID
from pkilint import loader
from pkilint.cabf import smime
from pkilint.cabf.smime.smime_constants import Generation, ValidationLevel
from pkilint.pkix import certificate as pkix
from pkilint.pkix import extension, name
from pkilint.validation import ValidationFindingSeverity, Validator

from authorities.profile import ORGANIZATION_IDENTIFIER_PREFIX
from domain.corporate_number import check_digit

TOLERATED = frozenset({"cabf.smime.no_required_reserved_policy_oid"})
"""The policy is the CA's own: the Requirements' OID would claim a mailbox validation that is not done."""

COMMON_NAME = "jcan.common_name_differs_from_names"
CORPORATE_NUMBER = "jcan.corporate_number_check_digit"
UNREADABLE = "jcan.unreadable"

_ORGANIZATION_IDENTIFIER = re.compile(ORGANIZATION_IDENTIFIER_PREFIX + r"([0-9])([0-9]{12})")

# When one of its rules fails over, pkilint logs the certificate's text: somebody's name and address.
logging.getLogger("pkilint").setLevel(logging.CRITICAL + 1)


def lint_certificate(der: bytes) -> list[str]:
    """Give the codes of everything that is wrong with a DER certificate, sorted.

    The signature is not looked at. The codes carry no personal data.
    """
    try:
        subject = x509.load_der_x509_certificate(der).subject
        findings = _pkilint_findings(der)
    except ValueError:
        return [UNREADABLE]
    return sorted((findings - TOLERATED) | _own_findings(subject))


def _pkilint_findings(der: bytes) -> set[str]:
    found: set[str] = set()
    for validator in _validators():
        document = loader.load_der_certificate(der, "certificate")
        for result in validator.validate(document.root):
            findings = [description.finding for description in result.finding_descriptions]
            found |= {f.code for f in findings if f.severity <= ValidationFindingSeverity.ERROR}
    return found


def _own_findings(subject: x509.Name) -> set[str]:
    found = set()
    names = [_value(subject, NameOID.GIVEN_NAME), _value(subject, NameOID.SURNAME)]
    if _value(subject, NameOID.COMMON_NAME) != " ".join(names):
        found.add(COMMON_NAME)
    number = _ORGANIZATION_IDENTIFIER.fullmatch(_value(subject, NameOID.ORGANIZATION_IDENTIFIER))
    if number is None or int(number[1]) != check_digit(number[2]):
        found.add(CORPORATE_NUMBER)
    return found


def _value(subject: x509.Name, attribute: x509.ObjectIdentifier) -> str:
    values = [str(found.value) for found in subject.get_attributes_for_oid(attribute)]
    return values[0] if len(values) == 1 else ""


@cache
def _validators() -> Sequence[Validator]:
    baseline = pkix.create_pkix_certificate_validator_container(
        smime.create_decoding_validators(),
        smime.create_subscriber_validators(ValidationLevel.SPONSORED, Generation.MULTIPURPOSE),
    )
    rfc5280 = pkix.create_pkix_certificate_validator_container(
        pkix.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            pkix.create_issuer_validator_container([]),
            pkix.create_validity_validator_container(),
            pkix.create_subject_validator_container([]),
            pkix.create_extensions_validator_container([]),
            pkix.create_spki_validator_container([]),
        ],
    )
    return (baseline, rfc5280)
