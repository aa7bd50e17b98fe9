"""Handing a person's decision to their enrolment, so that a press counts once however often it arrives."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from fastapi import Request, Response
from starlette import status

from engine.enrolments import PATIENCE, Answer
from engine.unavailable import EngineUnavailable
from records import limits
from records.limits import Limit
from web.house import house_of
from web.i18n import _
from web.pages import message as page
from web.rates import retry_after
from workflows.messages import Message

_MESSAGE_ID = re.compile(r"[0-9a-f]{32}")

_AWAY = timedelta(minutes=1)


class TooOften(Exception):
    """A rate limit was reached; `wait` says for how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("rate limit reached")
        self.wait = wait


def message_id(form: Mapping[str, str]) -> str:
    """The form's own id: a form sent twice is one message. A form without one is a message of its own."""
    given = form.get("form_id", "")
    return given if _MESSAGE_ID.fullmatch(given) else uuid4().hex


def now() -> datetime:
    """The moment at which a message was received, in UTC."""
    return datetime.now(UTC)


async def count(request: Request, press: str, uses: Sequence[tuple[Limit, str]]) -> None:
    """Count one press against several limits, or against none of them.

    The same press again is not another one. Raises TooOften, after which it may be tried again.
    """
    house = house_of(request)
    async with house.database.begin() as session:
        wait = await limits.take_press(session, press, uses, house.settings.digest_key)
    if wait is not None:
        raise TooOften(wait)


async def tell(request: Request, reference: str, message: Message) -> Answer | Response:
    """Hand in a message; the answer, or the page that says that nothing was handed in."""
    try:
        return await house_of(request).desk.tell(reference, message)
    except EngineUnavailable:
        return away(request)


async def is_away(request: Request) -> bool:
    """Tell whether the engine takes nothing now, for pages that answer before they hand anything in."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await house_of(request).desk.missing() is not None
    except TimeoutError:
        return True


def away(request: Request) -> Response:
    """The engine cannot be reached: nothing was decided, and nothing is lost."""
    response = page(
        request,
        _("ただいまシステムにつながりません"),
        [
            _("お手続きはまだ受け付けられていません。何も変更されていません。"),
            _("しばらくしてから、前の画面に戻って、もう一度ボタンを押してください。"),
        ],
        status_code=status.HTTP_503_SERVICE_UNAVAILABLE,
        kind="wrong",
    )
    return retry_after(response, _AWAY)
