"""The embedded CA, for development: real X.509, keys on disk, orders and certificates in PostgreSQL.

It plays a CA out in the world: an order is accepted now and fulfilled later, by its clerk
(`authorities.local_clerk`), who then calls the client's hook.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from publicsuffixlist import PublicSuffixList
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from authorities.connector import (
    CertificateRequest,
    Issued,
    NotIssuedYet,
    OrderRefused,
    UnknownSerial,
)
from authorities.lint import lint_certificate
from authorities.local_keys import CaKeys, load_or_create
from authorities.local_tables import LocalCertificate, LocalOrder
from authorities.profile import Issuer, Pointers, certificate_contents, new_serial
from authorities.signing import under_throwaway_key
from domain.revocation import RevocationReason
from domain.subject import Subject
from records.database import Database
from settings import Settings

POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1.1")
"""The CA's own certificate policy, under the enterprise number kept for documentation (RFC 5612)."""

POINTER_PATH = "/ca/local"
RESERVED_HOST = "local-ca.example.jp"
"""Stands in the pointers where the web front has no public name: the profile allows no loopback address and
no internal host there, and a certificate that names one does not pass the linter."""

ORDER_DIFFERS = "order.differs_from_first"
ORDER_UNKNOWN = "order.unknown"
ERASED = "order.erased"
CONTENTS_IMPOSSIBLE = "order.contents_impossible"


class LocalAuthority:
    """The embedded CA's connector. The keys are made at the first start."""

    name = "local"

    def __init__(self, database: Database, settings: Settings) -> None:
        """Open the CA in `settings.ca_dir`. Raises KeysUnusable."""
        self._database = database
        self._delay = settings.issuance_delay
        self._keys = load_or_create(settings.ca_dir)
        self._issuer = Issuer(
            self._keys.issuing.subject,
            self._keys.issuing_key.public_key(),
            POLICY,
            pointers(settings.web_origin),
        )

    @property
    def anchors(self) -> Sequence[x509.Certificate]:
        """The root."""
        return (self._keys.root,)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The issuing CA and the root, in this order."""
        return (self._keys.issuing, self._keys.root)

    @property
    def keys(self) -> CaKeys:
        """What the CA signs with."""
        return self._keys

    async def lint(self, request: CertificateRequest) -> list[str]:
        """Lint what would be signed now; codes, without personal data."""
        return (await self.draft(request))[1]

    async def draft(self, request: CertificateRequest) -> tuple[x509.Certificate | None, list[str]]:
        """Give the certificate to be, under a throwaway signature, and what the linter finds in it.

        No certificate if the request does not fit into one.
        """
        return await asyncio.to_thread(self._draft, request)

    async def order(self, request: CertificateRequest) -> None:
        """Accept an order. Raises OrderRefused: findings of the linter, or another order has this id."""
        findings = await self.lint(request)
        if findings:
            raise OrderRefused(findings)
        now = datetime.now(UTC)
        row = {
            "order_id": request.order_id,
            "subject": request.subject.model_dump(),
            "public_key": request.public_key,
            "validity_years": request.validity_years,
            "accepted_at": now,
            "due_at": now + self._delay,
        }
        async with self._database.begin() as session:
            await session.execute(insert(LocalOrder).values(row).on_conflict_do_nothing())
            order = await session.get_one(LocalOrder, request.order_id)
        if request_of(order) != request:
            raise OrderRefused([ORDER_DIFFERS])

    async def fetch(self, order_id: str) -> Issued:
        """Give an order's certificate. Raises NotIssuedYet, OrderRefused (an unknown order, too)."""
        query = (
            select(LocalOrder.refused, LocalCertificate.certificate)
            .outerjoin(LocalCertificate, LocalCertificate.order_id == LocalOrder.order_id)
            .where(LocalOrder.order_id == order_id)
        )
        async with self._database.begin() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None:
            raise OrderRefused([ORDER_UNKNOWN])
        if row.refused is not None:
            raise OrderRefused(row.refused.split())
        if row.certificate is None:
            raise NotIssuedYet
        return Issued(x509.load_der_x509_certificate(row.certificate), self.chain)

    async def revoke(self, serial: str, reason: RevocationReason) -> None:
        """Revoke a certificate; the first revocation counts. Raises UnknownSerial."""
        revocation = (
            update(LocalCertificate)
            .where(LocalCertificate.serial == serial, LocalCertificate.revoked_at.is_(None))
            .values(revoked_at=datetime.now(UTC), revocation_reason=reason.value)
        )
        async with self._database.begin() as session:
            if await session.get(LocalCertificate, serial) is None:
                raise UnknownSerial
            await session.execute(revocation)

    async def erase(self, order_id: str) -> None:
        """Forget the person of an order; serial number, dates and revocation stay, for CRL and OCSP."""
        async with self._database.begin() as session:
            await session.execute(
                update(LocalOrder)
                .where(LocalOrder.order_id == order_id)
                .values(subject=None, public_key=None, refused=ERASED)
            )
            await session.execute(
                update(LocalCertificate)
                .where(LocalCertificate.order_id == order_id)
                .values(tbs=None, certificate=None)
            )

    def _draft(self, request: CertificateRequest) -> tuple[x509.Certificate | None, list[str]]:
        try:
            contents = certificate_contents(request, self._issuer, new_serial(), datetime.now(UTC))
        except ValueError:
            return None, [CONTENTS_IMPOSSIBLE]
        certificate = under_throwaway_key(contents)
        return certificate, lint_certificate(certificate.public_bytes(Encoding.DER))


def request_of(order: LocalOrder) -> CertificateRequest | None:
    """Give what was ordered; None once the person is erased."""
    if order.subject is None or order.public_key is None:
        return None
    subject = Subject.model_validate(order.subject)
    return CertificateRequest(order.order_id, subject, order.public_key, order.validity_years)


def pointers(web_origin: str) -> Pointers:
    """Give the CRL, OCSP and issuer pointers below the web front's origin.

    They are `http` whatever the origin: fetching them over TLS would need their own answer (RFC 5280,
    section 8).
    """
    base = f"http://{_public_host(web_origin)}{POINTER_PATH}"
    return Pointers(f"{base}/issuing.crl", f"{base}/ocsp", f"{base}/issuing.cer")


def _public_host(web_origin: str) -> str:
    origin = urlsplit(web_origin)
    host = origin.hostname or ""
    if _is_address(host) or PublicSuffixList(accept_unknown=False).publicsuffix(host) is None:
        return RESERVED_HOST
    return origin.netloc if origin.scheme == "http" else host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
