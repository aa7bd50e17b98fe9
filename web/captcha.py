"""The picture with letters to copy (画像の文字), and the same letters read aloud.

A picture is for one form: used once, for ten minutes, with three tries. Once solved it holds for
its form for thirty minutes.
"""

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha
from starlette.concurrency import run_in_threadpool

from domain.folding import fold_code
from domain.stage import Language
from records import captchas
from records.database import Database
from web.forms import Mistake
from web.house import House

# Without what looks like something else: 0 o, 1 i l, 5 s, 2 z, 8 b, 6 g, 9 q, u v, c e, h n m.
ALPHABET = "acdfjkmprtwxy23456789"
LENGTH = 5
TRIES = 3
LIFETIME = timedelta(minutes=10)
HOLDS = timedelta(minutes=30)
VOICES = Path(__file__).parent / "voices"
_PURPOSE = "picture"


class Try(Enum):
    """How an attempt at a picture went; the values are codes of `web.forms.SENTENCES`."""

    SOLVED = ""
    MISSING = "picture_missing"
    WRONG = "picture_wrong"
    OVER = "picture_over"


class Pictures:
    """Draws pictures and checks what people read in them."""

    def __init__(self, house: House) -> None:
        self._database: Database = house.database
        self._sealer = house.sealer
        self._fixed_answer = house.settings.captcha_answer

    async def new(self) -> uuid.UUID:
        """A new picture's id."""
        answer = self._fixed_answer or "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        sealed = self._sealer.seal_bytes(_PURPOSE, answer.encode())
        async with self._database.begin() as session:
            return await captchas.new(session, sealed, datetime.now(UTC), LIFETIME)

    async def png(self, picture: uuid.UUID) -> bytes | None:
        """The picture as PNG; None if it can no longer be solved."""
        answer = await self._answer(picture)
        return None if answer is None else await run_in_threadpool(_draw, answer)

    async def wav(self, picture: uuid.UUID, language: Language) -> bytes | None:
        """The picture's letters read aloud over noise, as WAV; None if it can no longer be solved."""
        answer = await self._answer(picture)
        return None if answer is None else await run_in_threadpool(_speak, answer, language)

    async def try_answer(self, picture: str, typed: str, form: str) -> Try:
        """Compare what was typed (any case or width) with the picture; each call is one try."""
        answer = fold_code(typed)
        if not answer:
            return Try.MISSING
        try:
            captcha_id = uuid.UUID(picture)
        except ValueError:
            return Try.OVER
        now = datetime.now(UTC)
        async with self._database.begin() as session:
            sealed = await captchas.attempt(session, captcha_id, now, TRIES)
            right = None if sealed is None else self._sealer.open_bytes(_PURPOSE, sealed)
            if right is None:
                return Try.OVER
            if not secrets.compare_digest(right, answer.encode()):
                return Try.WRONG
            await captchas.solve(session, captcha_id, form, now)
        return Try.SOLVED

    async def is_solved(self, form: str) -> bool:
        """Whether a picture was solved for this form within the last thirty minutes."""
        async with self._database.begin() as session:
            return await captchas.is_solved(session, form, datetime.now(UTC) - HOLDS)

    async def problems(self, form: str, raw: Mapping[str, str]) -> dict[str, Mistake]:
        """What is wrong with the letters that were posted for this form; nothing once a picture is solved."""
        if await self.is_solved(form):
            return {}
        went = await self.try_answer(raw.get("picture_id", ""), raw.get("picture", ""), form)
        # Of two presses at the same moment one uses the picture up: it is solved for the other as well.
        if went is Try.SOLVED or (went is Try.OVER and await self.is_solved(form)):
            return {}
        return {"picture": Mistake(went.value)}

    async def carry_over(self, form: str, successor: str) -> None:
        """Let what was solved for `form` hold for the form that takes its place."""
        async with self._database.begin() as session:
            await captchas.carry_over(session, form, successor)

    async def _answer(self, picture: uuid.UUID) -> str | None:
        async with self._database.begin() as session:
            sealed = await captchas.answer_to_show(session, picture, datetime.now(UTC), TRIES)
        plain = None if sealed is None else self._sealer.open_bytes(_PURPOSE, sealed)
        return None if plain is None else plain.decode()


@cache
def _painter() -> ImageCaptcha:
    painter = ImageCaptcha(width=220, height=72, font_sizes=(44, 48, 52))
    painter.character_rotate = (-20, 20)
    painter.word_offset_dx = 0.1
    return painter


@cache
def _speaker(language: Language) -> AudioCaptcha:
    speaker = AudioCaptcha(voicedir=str(VOICES / language))
    speaker.load()
    return speaker


def _draw(answer: str) -> bytes:
    drawn = _painter().generate(answer, bg_color=(28, 38, 92), fg_color=(240, 242, 255))
    return drawn.getvalue()


def _speak(answer: str, language: Language) -> bytes:
    return bytes(_speaker(language).generate(answer))
