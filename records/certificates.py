"""Certificates that were issued for enrolments: what pages, API and console show. Nothing decides by it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.revocation import CertificateStage, RevocationReason
from records import enrolments
from records.enrolments import Enrolment
from records.tables import Certificate, EnrolmentRow
from records.vault import Vault


class CertificateStanding(BaseModel):
    """What a certificate's run tells of itself, beside what the CA does; see `tables.Certificate`."""

    model_config = ConfigDict(frozen=True)

    serial: str
    generation: int
    link_until: datetime | None
    requested_reason: RevocationReason | None
    renewed_by: str | None


def stage_of(certificate: Certificate, at: datetime) -> CertificateStage:
    """Tell where a certificate stands at a moment."""
    if certificate.revoked_at is not None:
        return CertificateStage.REVOKED
    return CertificateStage.EXPIRED if certificate.not_after < at else CertificateStage.VALID


async def find(session: AsyncSession, serial: str) -> Certificate | None:
    """Give a certificate, or None if we have none with that serial number."""
    return await session.get(Certificate, serial)


async def of_enrolment(session: AsyncSession, reference: str) -> Certificate | None:
    """Give an enrolment's certificate; an enrolment has at most one."""
    query = select(Certificate).where(Certificate.reference == reference)
    return (await session.scalars(query.order_by(Certificate.stored_at.desc()).limit(1))).one_or_none()


async def list_certificates(session: AsyncSession, tenant: str | None = None) -> Sequence[Certificate]:
    """Give all certificates, or those of one tenant, the newest first."""
    query = select(Certificate).order_by(Certificate.stored_at.desc(), Certificate.serial)
    if tenant is not None:
        query = query.where(Certificate.tenant == tenant)
    return (await session.scalars(query)).all()


async def naming(
    session: AsyncSession, vault: Vault, digest_key: bytes, tenant: str, email: str
) -> list[tuple[Certificate, Enrolment]]:
    """Give a tenant's certificates that name an address, each with its enrolment."""
    certificates = (await session.scalars(_naming(digest_key, tenant, email))).all()
    found = [(each, await enrolments.find(session, vault, each.reference)) for each in certificates]
    return [(certificate, enrolment) for certificate, enrolment in found if enrolment is not None]


async def predecessors(
    session: AsyncSession, vault: Vault, digest_key: bytes, *, serial: str, at: datetime
) -> list[str]:
    """Give the serials of the same person's valid certificates for the same organisation and service.

    The same person has the same address; in a renewal, by a reminder's link, the same name is enough.
    """
    newest = await find(session, serial)
    own = newest and await enrolments.find(session, vault, newest.reference)
    details = own.details if own else None
    application = details.application if details else None
    if newest is None or details is None or application is None:
        return []
    others = await naming(session, vault, digest_key, newest.tenant, application.email)
    if details.renews is not None:
        others += await _of_the_name(session, vault, details.renews, application.subject.common_name)
    followed = [
        certificate.serial
        for certificate, enrolment in others
        if _goes_before(certificate, newest, at)
        and _corporate_number(enrolment) == application.corporate_number
    ]
    return list(dict.fromkeys(followed))


def _goes_before(older: Certificate, newest: Certificate, at: datetime) -> bool:
    return (
        older.serial != newest.serial
        and older.tenant == newest.tenant
        and older.stored_at <= newest.stored_at
        and stage_of(older, at) is CertificateStage.VALID
    )


def _corporate_number(enrolment: Enrolment) -> str | None:
    application = enrolment.details.application if enrolment.details else None
    return application.corporate_number if application else None


async def _of_the_name(
    session: AsyncSession, vault: Vault, reference: str, common_name: str
) -> list[tuple[Certificate, Enrolment]]:
    """Give an enrolment's certificate, if it names somebody of that name."""
    certificate = await of_enrolment(session, reference)
    enrolment = await enrolments.find(session, vault, reference)
    application = enrolment.details.application if enrolment and enrolment.details else None
    if certificate is None or enrolment is None or application is None:
        return []
    return [(certificate, enrolment)] if application.subject.common_name == common_name else []


async def note_standing(session: AsyncSession, standing: CertificateStanding) -> None:
    """Write down what a certificate's run tells of itself."""
    await session.execute(
        update(Certificate)
        .where(Certificate.serial == standing.serial)
        .values(
            revocation_generation=standing.generation,
            revocation_until=standing.link_until,
            requested_reason=standing.requested_reason and standing.requested_reason.value,
            renewed_by=standing.renewed_by,
        )
    )


async def note_installed(session: AsyncSession, serial: str, at: datetime) -> None:
    """Write down when a certificate was installed in the e-contract service; the first time counts."""
    await session.execute(
        update(Certificate)
        .where(Certificate.serial == serial, Certificate.installed_at.is_(None))
        .values(installed_at=at)
    )


async def note_revoked(session: AsyncSession, serial: str, reason: RevocationReason, at: datetime) -> None:
    """Write down when and why a certificate was revoked; the first time counts."""
    await session.execute(
        update(Certificate)
        .where(Certificate.serial == serial, Certificate.revoked_at.is_(None))
        .values(revoked_at=at, revocation_reason=reason.value)
    )


def _naming(digest_key: bytes, tenant: str, email: str) -> Select[Certificate]:
    named = EnrolmentRow.principal_digest == enrolments.address_digest(digest_key, email)
    return (
        select(Certificate)
        .join(EnrolmentRow, EnrolmentRow.reference == Certificate.reference)
        .where(Certificate.tenant == tenant, named)
        .order_by(Certificate.stored_at)
    )
