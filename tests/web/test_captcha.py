"""The picture by itself: its letters, its tries, what is drawn and spoken."""

import asyncio
import io
import uuid
import wave
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from PIL import Image

from domain.stage import Language
from records import captchas
from records.database import Database
from settings import Settings
from tests.web.conftest import RecordingDesk
from web.app import create_app
from web.captcha import ALPHABET, LENGTH, TRIES, Pictures, Try
from web.house import House


@pytest.fixture
def house(app: FastAPI) -> House:
    """The house of the test's front; every picture's answer is abcd2."""
    house = app.state.house
    assert isinstance(house, House)
    return house


def test_no_two_letters_look_alike() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    for lookalikes in ("0o", "1il", "5s", "2z", "8b", "6g", "9gq", "uv", "ce", "hnm"):
        assert len(set(lookalikes) & set(ALPHABET)) <= 1


async def test_without_a_fixed_answer_every_picture_has_its_own(
    settings: Settings, database: Database, desk: RecordingDesk
) -> None:
    app = create_app(settings.model_copy(update={"captcha_answer": None}), desk=desk)
    house: House = app.state.house
    answers = set()
    for _ in range(10):
        async with database.begin() as session:
            picture = await Pictures(house).new()
            sealed = await captchas.answer_to_show(session, picture, datetime.now(UTC), TRIES)
        answer = (house.sealer.open_bytes("picture", sealed or b"") or b"").decode()
        assert len(answer) == LENGTH
        assert set(answer) <= set(ALPHABET)
        answers.add(answer)
    await house.database.close()
    assert len(answers) > 1


async def test_it_is_drawn_differently_each_time_and_opens_as_a_picture(house: House) -> None:
    picture = await Pictures(house).new()
    first, second = await Pictures(house).png(picture), await Pictures(house).png(picture)

    assert first is not None
    assert first != second
    assert Image.open(io.BytesIO(first)).size == (220, 72)


@pytest.mark.parametrize("language", list(Language))
async def test_it_is_spoken_as_eight_kilohertz_mono(house: House, language: Language) -> None:
    spoken = await Pictures(house).wav(await Pictures(house).new(), language)

    assert spoken is not None
    with wave.open(io.BytesIO(spoken)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 1)
        assert sound.getnframes() > 5 * 8000


async def test_tries_at_the_same_moment_are_counted_each(house: House) -> None:
    pictures = Pictures(house)
    picture = str(await pictures.new())
    went = await asyncio.gather(*(pictures.try_answer(picture, "xxxxx", "form") for _ in range(5)))

    assert sorted(each.name for each in went) == ["OVER"] * 2 + ["WRONG"] * TRIES


async def test_the_right_answer_at_the_same_moment_counts_once(house: House) -> None:
    pictures = Pictures(house)
    picture = str(await pictures.new())
    went = await asyncio.gather(
        *(pictures.try_answer(picture, "abcd2", form) for form in ("first", "second"))
    )

    assert sorted(each.name for each in went) == ["OVER", "SOLVED"]


@pytest.mark.parametrize("picture", ["", "nonsense", str(uuid.UUID(int=1))])
async def test_a_picture_that_never_was_is_over(house: House, picture: str) -> None:
    assert await Pictures(house).try_answer(picture, "abcd2", "form") is Try.OVER


async def test_old_pictures_are_cleared_away(house: House, database: Database) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    async with database.begin() as session:
        old = await captchas.new(session, b"", long_ago, timedelta(minutes=10))
    await Pictures(house).new()
    async with database.begin() as session:
        assert await captchas.answer_to_show(session, old, long_ago, TRIES) is None
