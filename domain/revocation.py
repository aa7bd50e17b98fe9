"""Where a certificate stands, and why it can be revoked."""

import re
from enum import StrEnum, unique

from domain.folding import fold_code
from domain.problem import RuleBroken

SERIAL_MAXIMUM_BYTES = 20
"""RFC 5280, section 4.1.2.2."""

_SERIAL = re.compile(rf"[0-9a-f]{{2,{2 * SERIAL_MAXIMUM_BYTES}}}")


@unique
class RevocationReason(StrEnum):
    """Why a certificate is revoked (RFC 5280, section 5.3.1); the values are those of `x509.ReasonFlags`."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


SUBSCRIBERS_REASONS = (
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
    RevocationReason.UNSPECIFIED,
)
"""What a subscriber or their e-contract service can give as a reason; only operators withdraw a privilege."""


@unique
class CertificateStage(StrEnum):
    """Where a certificate stands; all but the first are ends."""

    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self is not CertificateStage.VALID


def parse_serial(text: str) -> str:
    """Give a serial number as it is written here: lower-case hexadecimal, whole bytes.

    Colons, spaces and a leading `0x` are as other programs write it. Raises RuleBroken: `serial_format`.
    """
    digits = fold_code(text).removeprefix("0x").replace(":", "").replace("-", "")
    digits = digits.rjust(len(digits) + len(digits) % 2, "0")
    if not _SERIAL.fullmatch(digits):
        raise RuleBroken("serial_format")
    return digits


def parse_reason(text: str) -> RevocationReason:
    """Give a reason that a subscriber can choose. Raises RuleBroken: `revocation_reason_missing`."""
    try:
        reason = RevocationReason(text)
    except ValueError:
        reason = RevocationReason.PRIVILEGE_WITHDRAWN
    if reason not in SUBSCRIBERS_REASONS:
        raise RuleBroken("revocation_reason_missing")
    return reason
