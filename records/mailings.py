"""Which letters were sent: a row before the mail server hears of one, its answer afterwards."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Mailing


async def attempt(
    session: AsyncSession,
    message_key: str,
    *,
    reference: str,
    kind: str,
    number: int,
    message_id: str,
    at: datetime,
) -> datetime | None:
    """Note that a letter is about to be sent; return when it was accepted, if it already has been."""
    row = insert(Mailing).values(
        message_key=message_key,
        reference=reference,
        kind=kind,
        number=number,
        message_id=message_id,
        attempted_at=at,
    )
    unless_accepted = row.on_conflict_do_update(
        index_elements=[Mailing.message_key], set_={"attempted_at": at}, where=Mailing.accepted_at.is_(None)
    )
    await session.execute(unless_accepted)
    accepted = select(Mailing.accepted_at).where(Mailing.message_key == message_key)
    return (await session.scalars(accepted)).one()


async def note_answer(
    session: AsyncSession, message_key: str, *, accepted_at: datetime | None, refusal: str | None
) -> None:
    """Note what the mail server answered: when it accepted the letter, or the code with which it refused."""
    answered = update(Mailing).where(Mailing.message_key == message_key)
    await session.execute(answered.values(accepted_at=accepted_at, refusal=refusal))
