"""What pkilint says of things that a CA publishes."""

from collections.abc import Sequence

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingSeverity, Validator


def errors_in_certificate(der: bytes) -> list[str]:
    """The errors in a certificate by RFC 5280."""
    validator = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    return _errors(validator, loader.load_der_certificate(der, "certificate"))


def errors_in_list(der: bytes) -> list[str]:
    """The errors in a CRL by RFC 5280."""
    validator = crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )
    return _errors(validator, loader.load_der_crl(der, "crl"))


def errors_in_response(der: bytes) -> list[str]:
    """The errors in an OCSP response by RFC 6960."""
    decoders = [ocsp.create_response_decoder(), *_decoders()]
    validator = ocsp.create_pkix_ocsp_response_validator_container(decoders, [])
    return _errors(validator, loader.load_der_ocsp_response(der, "response"))


def _decoders() -> Sequence[Validator]:
    return [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]


def _errors(validator: Validator, document: object) -> list[str]:
    results = validator.validate(document.root)  # type: ignore[attr-defined]
    findings = [finding.finding for result in results for finding in result.finding_descriptions]
    return [f.code for f in findings if f.severity <= ValidationFindingSeverity.ERROR]
