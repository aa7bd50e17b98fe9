"""Certificates that were issued for enrolments."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Certificate


async def note_installed(session: AsyncSession, serial: str, at: datetime) -> None:
    """Write down when a certificate was installed in the e-contract service; the first time counts."""
    await session.execute(
        update(Certificate)
        .where(Certificate.serial == serial, Certificate.installed_at.is_(None))
        .values(installed_at=at)
    )
