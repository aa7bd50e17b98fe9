"""What every connector to a certificate authority (CA) offers, whatever protocol it speaks.

An order is asynchronous: the CA accepts it now and issues days later. Whoever orders keeps the order id and
asks again; every call may be repeated with the same result.

AuthorityError
├── OrderRefused          the CA will never issue for this order; says which findings
├── NotIssuedYet          the order stands, the certificate does not exist yet
├── UnknownSerial         the CA never issued a certificate with this serial number
└── AuthorityUnavailable  the CA did not answer; worth another try
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from domain.revocation import RevocationReason
from domain.subject import Subject


class AuthorityError(Exception):
    """Something went wrong at the CA. Never carries personal data."""


class OrderRefused(AuthorityError):
    """The CA refuses the order for good."""

    def __init__(self, findings: Iterable[str]) -> None:
        """Take what the CA objected to, as codes without personal data."""
        self.findings = list(findings)
        super().__init__(", ".join(self.findings))


class NotIssuedYet(AuthorityError):
    """The order was accepted and is not yet fulfilled."""


class UnknownSerial(AuthorityError):
    """The CA has no certificate with this serial number."""


class AuthorityUnavailable(AuthorityError):
    """The CA cannot be reached, or is not able to answer at present."""


@dataclass(frozen=True, repr=False)
class CertificateRequest:
    """What is ordered: whom the certificate names, for which key and how long.

    `public_key` is a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7); `validity_years` is 1 or 2.
    """

    order_id: str
    subject: Subject
    public_key: bytes
    validity_years: int

    def __repr__(self) -> str:
        """Name the order only: the subject is a person."""
        return f"CertificateRequest({self.order_id!r})"


@dataclass(frozen=True)
class Issued:
    """A certificate and the CA certificates above it: its issuer first, the root last."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


class Authority(Protocol):
    """A connector to one CA."""

    @property
    def name(self) -> str:
        """The connector's name, as in `POST /hooks/ca/{connector}`."""

    @property
    def anchors(self) -> Sequence[x509.Certificate]:
        """The roots to one of which every certificate of this CA has to lead."""

    async def lint(self, request: CertificateRequest) -> list[str]:
        """Lint what is going to be signed, before anything is; an empty list means nothing was found.

        The findings are codes without personal data. Raises AuthorityUnavailable.
        """

    async def order(self, request: CertificateRequest) -> None:
        """Order a certificate; returning means that the CA has accepted the order.

        Repeating an order changes nothing. Raises OrderRefused, AuthorityUnavailable.
        """

    async def fetch(self, order_id: str) -> Issued:
        """Give the certificate of an order. Raises NotIssuedYet, OrderRefused, AuthorityUnavailable."""

    async def revoke(self, serial: str, reason: RevocationReason) -> None:
        """Revoke the certificate with a serial number as `serial_text` writes it.

        Revoking again changes nothing: time and reason stay the first ones.
        Raises UnknownSerial, AuthorityUnavailable.
        """

    async def erase(self, order_id: str) -> None:
        """Forget the person of an order, as far as the CA may; again it changes nothing.

        Raises AuthorityUnavailable.
        """


def serial_text(serial: int) -> str:
    """Write a serial number as this system does everywhere: lower-case hexadecimal, whole bytes."""
    return serial.to_bytes((serial.bit_length() + 7) // 8 or 1, "big").hex()
