"""What an enrolment asks of the certificate authority. Every activity may be run any number of times.

Wrong data come back as an answer with a `problem`; a counterpart that is away is an ApplicationError, which
Temporal retries. Neither tells whose certificate it is.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.certification_request import RequestRefused, read_request
from authorities.connector import (
    Authority,
    AuthorityUnavailable,
    CertificateRequest,
    Issued,
    NotIssuedYet,
    OrderRefused,
    serial_text,
)
from authorities.inspection import inspect_issued
from domain.revocation import RevocationReason
from domain.subject import Subject
from records import certificates
from records.database import Database
from records.tables import Certificate, CertificateOrder, SeenKey
from records.vault import Vault

CERTIFICATE_CONTEXT = b"certificate"
"""What the vault binds a sealed certificate (PEM) to."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class CheckRequest(_Message):
    """A certification request (PKCS#10, PEM) and what the certificate is to say."""

    reference: str
    round: int
    csr: str
    subject: Subject
    validity_years: int


class RequestVerdict(_Message):
    """Whether the request may be ordered; if not, a problem's code and what the linter found."""

    accepted: bool
    problem: str | None = None
    findings: list[str] = []


class OrderCertificate(_Message):
    """What is ordered, for whom, in which round of this enrolment."""

    reference: str
    round: int
    tenant: str
    csr: str
    subject: Subject
    validity_years: int


class Ordered(_Message):
    """The CA accepted the order, or, with a problem, refused it for good."""

    order_id: str
    problem: str | None = None
    findings: list[str] = []


class FetchCertificate(_Message):
    """Which order's certificate, and what it has to be like."""

    order_id: str
    reference: str
    tenant: str
    csr: str
    subject: Subject


class Fetched(_Message):
    """A certificate (PEM) and the CA certificates above it, its issuer first.

    With a `problem`, nothing of it may be used: `order_refused` (there is no certificate; the texts are
    empty) or `certificate_refused` (it is not what was ordered and has been revoked).
    """

    serial: str = ""
    certificate: str = ""
    chain: list[str] = []
    not_before: datetime | None = None
    not_after: datetime | None = None
    problem: str | None = None
    findings: list[str] = []


class RevokeCertificate(_Message):
    """Which certificate, and why."""

    serial: str
    reason: RevocationReason


class Revoked(_Message):
    """When, and for which reason: those of the first revocation."""

    revoked_at: datetime
    reason: RevocationReason


class CertificateAuthority:
    """The activities around one connector."""

    def __init__(self, database: Database, vault: Vault, authority: Authority) -> None:
        """Take where things are recorded, and the connector that is in use."""
        self._database = database
        self._vault = vault
        self._authority = authority

    @activity.defn(name="check_request")
    async def check_request(self, check: CheckRequest) -> RequestVerdict:
        """Check signature, key, and what would be signed; take the key into the book of seen ones.

        Problems: those of `RequestRefused`, `key_seen`, `contents_refused`.
        """
        try:
            public_key = read_request(check.csr)
        except RequestRefused as refused:
            return RequestVerdict(accepted=False, problem=refused.problem)
        if not await self._is_first_use(public_key, check.reference, check.round):
            return RequestVerdict(accepted=False, problem="key_seen")
        order_id = order_id_of(check.reference, check.round)
        request = CertificateRequest(order_id, check.subject, public_key, check.validity_years)
        with retried_while_away():
            findings = await self._authority.lint(request)
        if findings:
            return RequestVerdict(accepted=False, problem="contents_refused", findings=findings)
        return RequestVerdict(accepted=True)

    @activity.defn(name="order_certificate")
    async def order_certificate(self, order: OrderCertificate) -> Ordered:
        """Order the certificate: stored before it is sent. Problem: `order_refused`."""
        order_id = order_id_of(order.reference, order.round)
        await self._store_order(order_id, order)
        request = CertificateRequest(order_id, order.subject, read_request(order.csr), order.validity_years)
        try:
            with retried_while_away():
                await self._authority.order(request)
        except OrderRefused as refused:
            return Ordered(order_id=order_id, problem="order_refused", findings=refused.findings)
        await self._store_acceptance(order_id)
        return Ordered(order_id=order_id)

    @activity.defn(name="fetch_certificate")
    async def fetch_certificate(self, fetch: FetchCertificate) -> Fetched:
        """Fetch the certificate and store it, or revoke it at once if it is not what was ordered.

        Raises ApplicationError of type NotIssuedYet, to be retried slowly.
        """
        try:
            with retried_while_away():
                issued = await self._authority.fetch(fetch.order_id)
        except NotIssuedYet:
            raise ApplicationError("not issued yet", type="NotIssuedYet") from None
        except OrderRefused as refused:
            return Fetched(problem="order_refused", findings=refused.findings)
        if await self._is_of_another(issued.certificate, fetch.reference):
            # Revoking by this serial number would hit somebody else's good certificate.
            return _fetched(issued, problem="certificate_refused", findings=["issued.of_another_enrolment"])
        key, now = read_request(fetch.csr), datetime.now(UTC)
        findings = inspect_issued(issued, fetch.subject, key, self._authority.anchors, now)
        if findings:
            serial = serial_text(issued.certificate.serial_number)
            with retried_while_away():
                await self._authority.revoke(serial, RevocationReason.SUPERSEDED)
            return _fetched(issued, problem="certificate_refused", findings=findings)
        await self._store_certificate(issued.certificate, fetch.reference, fetch.tenant)
        return _fetched(issued)

    @activity.defn(name="revoke_certificate")
    async def revoke_certificate(self, revoke: RevokeCertificate) -> Revoked:
        """Revoke the certificate at the CA, then in our books; the first revocation counts."""
        with retried_while_away():
            await self._authority.revoke(revoke.serial, revoke.reason)
        return await self._store_revocation(revoke)

    async def _is_first_use(self, public_key: bytes, reference: str, round_: int) -> bool:
        row = {
            "spki_sha256": hashlib.sha256(public_key).digest(),
            "reference": reference,
            "round": round_,
            "seen_at": datetime.now(UTC),
        }
        async with self._database.begin() as session:
            await session.execute(insert(SeenKey).values(row).on_conflict_do_nothing())
            seen = await session.get_one(SeenKey, row["spki_sha256"])
        return (seen.reference, seen.round) == (reference, round_)

    async def _store_order(self, order_id: str, order: OrderCertificate) -> None:
        row = {
            "order_id": order_id,
            "reference": order.reference,
            "round": order.round,
            "tenant": order.tenant,
            "connector": self._authority.name,
            "requested_at": datetime.now(UTC),
        }
        async with self._database.begin() as session:
            await session.execute(insert(CertificateOrder).values(row).on_conflict_do_nothing())

    async def _store_acceptance(self, order_id: str) -> None:
        acceptance = (
            update(CertificateOrder)
            .where(CertificateOrder.order_id == order_id, CertificateOrder.accepted_at.is_(None))
            .values(accepted_at=datetime.now(UTC))
        )
        async with self._database.begin() as session:
            await session.execute(acceptance)

    async def _is_of_another(self, certificate: x509.Certificate, reference: str) -> bool:
        owner = select(Certificate.reference).where(
            Certificate.serial == serial_text(certificate.serial_number)
        )
        async with self._database.begin() as session:
            return await session.scalar(owner) not in {None, reference}

    async def _store_certificate(self, certificate: x509.Certificate, reference: str, tenant: str) -> None:
        pem = certificate.public_bytes(Encoding.PEM)
        row = {
            "serial": serial_text(certificate.serial_number),
            "reference": reference,
            "tenant": tenant,
            "not_before": certificate.not_valid_before_utc,
            "not_after": certificate.not_valid_after_utc,
            "fingerprint": certificate.fingerprint(SHA256()),
            "sealed_certificate": await self._vault.seal(reference, pem, CERTIFICATE_CONTEXT),
            "stored_at": datetime.now(UTC),
        }
        async with self._database.begin() as session:
            await session.execute(insert(Certificate).values(row).on_conflict_do_nothing())

    async def _store_revocation(self, revoke: RevokeCertificate) -> Revoked:
        now = datetime.now(UTC)
        async with self._database.begin() as session:
            await certificates.note_revoked(session, revoke.serial, revoke.reason, now)
            row = await session.get(Certificate, revoke.serial)
        if row is None or row.revoked_at is None or row.revocation_reason is None:
            return Revoked(revoked_at=now, reason=revoke.reason)
        return Revoked(revoked_at=row.revoked_at, reason=RevocationReason(row.revocation_reason))


def order_id_of(reference: str, round_: int) -> str:
    """Name an order: the same for every attempt of one round, another for the next."""
    return f"{reference}-{round_}"


def _fetched(issued: Issued, problem: str | None = None, findings: Sequence[str] = ()) -> Fetched:
    return Fetched(
        serial=serial_text(issued.certificate.serial_number),
        certificate=_pem(issued.certificate),
        chain=[_pem(certificate) for certificate in issued.chain],
        not_before=issued.certificate.not_valid_before_utc,
        not_after=issued.certificate.not_valid_after_utc,
        problem=problem,
        findings=list(findings),
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


@contextmanager
def retried_while_away() -> Iterator[None]:
    """Have the activity tried again, as an ApplicationError says, when the CA is away in the block."""
    try:
        yield
    except AuthorityUnavailable:
        # Without the cause: what a connector met on the wire may quote what it sent.
        raise ApplicationError("the CA does not answer", type="AuthorityUnavailable") from None
