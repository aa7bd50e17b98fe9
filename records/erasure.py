"""Erasing a person: the enrolment's data key goes, and with it all that it ever sealed, wherever copies lie.

The audit trail's facts, the ticket, the times of mails and the certificate's serial number and dates stay:
none of them tells who it was once the key and the digests are gone.
"""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.stage import Stage
from records import audit, certificates, drafts
from records.tables import CertificateOrder, DataKey, EnrolmentRow


class Obstacle(StrEnum):
    """Why somebody cannot be erased now."""

    UNKNOWN = "unknown"
    OPEN = "open"
    VALID_CERTIFICATE = "valid_certificate"
    ENDING = "ending"


async def obstacle(session: AsyncSession, reference: str, at: datetime) -> Obstacle | None:
    """Tell why an enrolment cannot be erased now, by what is on record; None if it can."""
    row = await session.get(EnrolmentRow, reference)
    if row is None:
        return Obstacle.UNKNOWN
    certificate = await certificates.of_enrolment(session, reference)
    if certificate is not None and not certificates.stage_of(certificate, at).ended:
        return Obstacle.VALID_CERTIFICATE
    return None if Stage(row.stage).ended else Obstacle.OPEN


async def shred(session: AsyncSession, reference: str, actor: str) -> bool:
    """Erase a person in the caller's transaction; False if that was done before."""
    now = datetime.now(UTC)
    shredded = await session.scalar(
        update(DataKey)
        .where(DataKey.reference == reference, DataKey.wrapped.is_not(None))
        .values(wrapped=None, shredded_at=now)
        .returning(DataKey.key_id)
    )
    await session.execute(
        update(EnrolmentRow)
        .where(EnrolmentRow.reference == reference)
        .values(sealed_details=None, email_digest=None, principal_digest=None, ticket_digest=None)
    )
    await drafts.drop(session, reference)
    if shredded is None:
        return False
    row = await session.get(EnrolmentRow, reference)
    tenant = row.tenant if row else None
    await audit.add(session, audit.entry_now(actor, "shredded", reference, tenant))
    return True


async def orders_of(session: AsyncSession, reference: str) -> list[str]:
    """Give the ids of an enrolment's orders at the CA, which has to forget the person too."""
    query = select(CertificateOrder.order_id).where(CertificateOrder.reference == reference)
    return list((await session.scalars(query)).all())
