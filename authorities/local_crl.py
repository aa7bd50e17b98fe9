"""The embedded CA's certificate revocation list (CRL): complete, version 2 (RFC 5280, section 5)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from authorities.local_keys import CaKeys
from authorities.local_tables import LocalCertificate, LocalRevocationList
from domain.revocation import RevocationReason
from records.database import Database

VALIDITY = timedelta(days=1)
"""From this update to the next."""

RENEWED_AFTER = VALIDITY / 2
"""A list that is older is signed anew although nothing was revoked: nobody gets one that ends at once."""


class RevocationLists:
    """Gives the present list, signed anew when it has to be.

    The database decides which list is the present one, so any number of processes may give it: a revocation
    is in the next list that is asked for, and the CRL number only grows.
    """

    def __init__(self, database: Database, keys: CaKeys) -> None:
        """Take the CA's books and what it signs with."""
        self._database = database
        self._keys = keys

    async def current(self, now: datetime | None = None) -> LocalRevocationList:
        """Give the list that holds at a moment (UTC; now, if not given)."""
        at = (now or datetime.now(UTC)).replace(microsecond=0)
        async with self._database.begin() as session:
            stored = await self._stored(session, at)
            if stored is not None:
                return stored
            await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('local-ca-crl'))"))
            # Another process may have signed one while we waited for our turn.
            stored = await self._stored(session, at)
            if stored is not None:
                return stored
            new = await self._signed(session, at)
            session.add(new)
            # The lists before it hold for nobody any more; the number that counts on is the newest one's.
            await session.execute(delete(LocalRevocationList).where(LocalRevocationList.number < new.number))
        return new

    async def _stored(self, session: AsyncSession, at: datetime) -> LocalRevocationList | None:
        newest = await session.scalar(
            select(LocalRevocationList).order_by(LocalRevocationList.number.desc()).limit(1)
        )
        if newest is None or newest.issuer_key != self._key_id or at >= newest.this_update + RENEWED_AFTER:
            return None
        # Not by their times: those are taken before the transactions that write them are committed.
        revocations = await session.scalar(_count_of_revocations())
        return newest if newest.revocations == revocations else None

    async def _signed(self, session: AsyncSession, at: datetime) -> LocalRevocationList:
        last = await session.scalar(select(func.max(LocalRevocationList.number)))
        number = (last or 0) + 1
        # The count comes first: what is revoked in between makes the next list, and is not missed for ever.
        revocations = await session.scalar(_count_of_revocations()) or 0
        revoked = await session.scalars(
            select(LocalCertificate)
            .where(LocalCertificate.revoked_at.is_not(None), LocalCertificate.not_after > at - VALIDITY)
            .order_by(LocalCertificate.revoked_at, LocalCertificate.serial)
        )
        crl = self._build(number, revoked.all(), at)
        return LocalRevocationList(
            number=number,
            issuer_key=self._key_id,
            revocations=revocations,
            this_update=at,
            next_update=at + VALIDITY,
            der=crl.public_bytes(Encoding.DER),
        )

    def _build(
        self, number: int, revoked: Sequence[LocalCertificate], at: datetime
    ) -> x509.CertificateRevocationList:
        issuing = self._keys.issuing
        builder = (
            x509.CertificateRevocationListBuilder(issuing.subject, at, at + VALIDITY)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._keys.issuing_key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for certificate in revoked:
            builder = builder.add_revoked_certificate(_entry(certificate))
        return builder.sign(self._keys.issuing_key, SHA256())

    @property
    def _key_id(self) -> bytes:
        return x509.SubjectKeyIdentifier.from_public_key(self._keys.issuing_key.public_key()).digest


def reason_of(certificate: LocalCertificate) -> x509.ReasonFlags | None:
    """Give a revocation's reason; None for `unspecified`, which is left out (RFC 5280, section 5.3.1)."""
    reason = certificate.revocation_reason
    return None if reason in {None, RevocationReason.UNSPECIFIED.value} else x509.ReasonFlags(reason)


def _entry(certificate: LocalCertificate) -> x509.RevokedCertificate:
    if certificate.revoked_at is None:
        raise ValueError("not revoked")
    builder = x509.RevokedCertificateBuilder(
        int(certificate.serial, 16), certificate.revoked_at.astimezone(UTC).replace(microsecond=0)
    )
    reason = reason_of(certificate)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()


def _count_of_revocations() -> Select[int]:
    return select(func.count()).where(LocalCertificate.revoked_at.is_not(None))
