"""Pictures with letters to copy: used once, for a short time, with few tries."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from records.tables import Captcha

KEPT = timedelta(hours=1)
"""How long a picture is kept after its end; what it proved holds for a shorter time."""


async def new(session: AsyncSession, sealed_answer: bytes, now: datetime, lifetime: timedelta) -> uuid.UUID:
    """Store a new picture's answer and give the picture's id. Clears away old pictures."""
    await session.execute(delete(Captcha).where(Captcha.expires_at < now - KEPT))
    captcha_id = uuid.uuid4()
    session.add(
        Captcha(captcha_id=captcha_id, sealed_answer=sealed_answer, expires_at=now + lifetime, tries=0)
    )
    return captcha_id


async def answer_to_show(
    session: AsyncSession, captcha_id: uuid.UUID, now: datetime, tries: int
) -> bytes | None:
    """The sealed answer of a picture that can still be solved, otherwise None."""
    return await session.scalar(
        select(Captcha.sealed_answer).where(
            Captcha.captcha_id == captcha_id,
            Captcha.expires_at > now,
            Captcha.solved_form.is_(None),
            Captcha.tries < tries,
        )
    )


async def attempt(session: AsyncSession, captcha_id: uuid.UUID, now: datetime, tries: int) -> bytes | None:
    """Count one of at most `tries` tries and give the sealed answer to compare with.

    None: unknown, expired, solved before, or no try left. The picture's row stays locked until the
    transaction ends, so two tries at once count as two.
    """
    return await session.scalar(
        update(Captcha)
        .where(
            Captcha.captcha_id == captcha_id,
            Captcha.expires_at > now,
            Captcha.solved_form.is_(None),
            Captcha.tries < tries,
        )
        .values(tries=Captcha.tries + 1)
        .returning(Captcha.sealed_answer)
    )


async def solve(session: AsyncSession, captcha_id: uuid.UUID, form: str, now: datetime) -> None:
    """Note that the picture was solved for `form`; it can be solved for no other."""
    await session.execute(
        update(Captcha).where(Captcha.captcha_id == captcha_id).values(solved_form=form, solved_at=now)
    )


async def is_solved(session: AsyncSession, form: str, since: datetime) -> bool:
    """Whether a picture was solved for `form` after `since`."""
    solved = exists().where(Captcha.solved_form == form, Captcha.solved_at > since)
    return bool(await session.scalar(select(solved)))


async def carry_over(session: AsyncSession, form: str, successor: str) -> None:
    """Let what was solved for `form` hold for the form that takes its place, and for it only."""
    await session.execute(update(Captcha).where(Captcha.solved_form == form).values(solved_form=successor))
