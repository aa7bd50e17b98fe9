"""Language: choosing one for a request, and saying things in it.

The message ids are the Japanese sentences themselves, so Japanese needs no catalog. The English
catalog is read from its `.po` file and compiled in memory at the start.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.stage import Language

CATALOG = Path(__file__).parent / "locale" / "en" / "LC_MESSAGES" / "web.po"
COOKIE = "lang"
JAPAN = ZoneInfo("Asia/Tokyo")
_YEAR_IN_SECONDS = 365 * 24 * 3600
# Up to here a wait is said in the smaller unit.
_SECONDS_SAID = 60
_MINUTES_SAID = 90

_current: ContextVar[Language] = ContextVar("language", default=Language.JA)


@cache
def _english() -> GNUTranslations:
    """The English catalog; fuzzy messages are left out."""
    compiled = BytesIO()
    with CATALOG.open("rb") as source:
        write_mo(compiled, read_po(source, locale="en"))
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(text: str) -> str:
    """`text` in the language of the request being answered, places not filled in."""
    return _english().gettext(text) if _current.get() is Language.EN else text


@cache
def _marked_up(text: str, language: Language) -> Markup:
    return Markup(translate(text, language))  # noqa: S704 - our own catalogs, which hold markup here and there


def in_template(text: str, **params: object) -> Markup:
    """`text` in the language of the request being answered, places filled in with what is escaped first."""
    said = _marked_up(text, _current.get())
    return said % params if params else said


def ngettext(one: str, many: str, count: int) -> str:
    """As `gettext`, with a plural form where the language has one."""
    if _current.get() is Language.EN:
        return _english().ngettext(one, many, count)
    return many


def _(text: str, **params: object) -> str:
    """`text` in the language of the request being answered, `%(name)s` places filled in."""
    said = gettext(text)
    return said % params if params else said


def translate(text: str, language: Language, **params: object) -> str:
    """`text` in `language`, `%(name)s` places filled in."""
    said = _english().gettext(text) if language is Language.EN else text
    return said % params if params else said


def N_(text: str) -> str:  # noqa: N802 - the customary name of gettext's marker
    """Mark `text` for the catalog; it is translated where it is shown."""
    return text


def speak(language: Language) -> None:
    """Make `language` the one that `_` uses from here on in this request."""
    _current.set(language)


def language_of(request: Request) -> Language:
    """`?lang=` first, then the cookie, then Accept-Language (RFC 9110, 12.5.4), else Japanese."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in set(Language):
            return Language(wish)
    return _accepted(request.headers.get("accept-language", ""))


def _accepted(header: str) -> Language:
    best, best_weight = Language.JA, 0.0
    for item in header.lower().split(","):
        tag, _semicolon, parameters = item.strip().partition(";")
        primary = tag.strip().partition("-")[0]
        weight = _weight(parameters)
        if primary in set(Language) and weight > best_weight:
            best, best_weight = Language(primary), weight
    return best


def _weight(parameters: str) -> float:
    name, _equals, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class LanguageChoice:
    """ASGI middleware: sets the request's language and remembers a choice made by `?lang=`."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        language = language_of(request)
        speak(language)
        chosen = request.query_params.get("lang") == language

        async def send_with_cookie(message: Message) -> None:
            if chosen and message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", self._cookie(language))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _cookie(self, language: Language) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{COOKIE}={language}; Path=/; Max-Age={_YEAR_IN_SECONDS}; HttpOnly; SameSite=Lax{secure}"


def moment(value: datetime, language: Language | None = None) -> str:
    """A point in time as people say it, in Japan's time with the weekday: 12月5日（土）10:24.

    Raises ValueError for a time without its zone.
    """
    if value.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    here = value.astimezone(JAPAN)
    if (language or _current.get()) is Language.EN:
        return format_datetime(here, "EEE d MMMM y, HH:mm", locale="en") + " (JST)"
    return format_datetime(here, "y年M月d日（EEE）H:mm", locale="ja") + "（日本時間）"


def wait(length: timedelta) -> str:
    """How long to wait, rounded up: never promises less than it takes."""
    seconds = max(1, math.ceil(length.total_seconds()))
    if seconds <= _SECONDS_SAID:
        return _seconds(seconds)
    minutes = math.ceil(seconds / 60)
    return _minutes(minutes) if minutes <= _MINUTES_SAID else _hours(math.ceil(minutes / 60))


def period(length: timedelta) -> str:
    """How long something is good for, in the largest whole unit: 3日, 12時間, 90秒."""
    seconds = int(length.total_seconds())
    if seconds and seconds % 86400 == 0:
        return _days(seconds // 86400)
    if seconds and seconds % 3600 == 0:
        return _hours(seconds // 3600)
    if seconds and seconds % 60 == 0:
        return _minutes(seconds // 60)
    return _seconds(seconds)


def _days(count: int) -> str:
    return ngettext("%(count)s日間", "%(count)s日間", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)s時間", "%(count)s時間", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("%(count)s分", "%(count)s分", count) % {"count": count}


def _seconds(count: int) -> str:
    return ngettext("%(count)s秒", "%(count)s秒", count) % {"count": count}
