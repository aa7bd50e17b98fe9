"""How things are said: periods, points in time (in Japan's time, wherever the reader is), names in a line."""

import re
from datetime import datetime, timedelta, timezone

from domain.stage import Language

JST = timezone(timedelta(hours=9), "JST")

# Everything that ends a line somewhere, and what turns the reading direction around.
_LINE_BREAKS = re.compile("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

_UNITS = (
    (timedelta(days=1), "日", "日間", "day"),
    (timedelta(hours=1), "時間", "時間", "hour"),
    (timedelta(minutes=1), "分", "分間", "minute"),
    (timedelta(seconds=1), "秒", "秒間", "second"),
)
_WEEKDAYS = {Language.JA: "月火水木金土日", Language.EN: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def one_line(text: str) -> str:
    """The text on one line, fit for a header and for a label's value."""
    return _LINE_BREAKS.sub(" ", text).strip()


def honour(name: str, language: Language) -> str:
    """A person's name within a sentence."""
    return f"{name} 様" if language is Language.JA else name


def greet(name: str, language: Language) -> str:
    """A person's name as the first line of a letter."""
    return f"{name} 様" if language is Language.JA else f"Dear {name},"


def say_period(period: timedelta, language: Language) -> str:
    """A period in its two largest units, rounded down: `3日間`, `1 day and 12 hours`.

    Nobody is promised more time than there is. Less than a second is `0秒間`.
    """
    counted: list[tuple[int, str, str, str]] = []
    rest = period
    for unit, short, alone, english in _UNITS:
        count, rest = divmod(rest, unit)
        counted.append((count, short, alone, english))
    first = next((place for place, (count, *_) in enumerate(counted) if count), len(counted) - 1)
    said = [part for place, part in enumerate(counted[first : first + 2]) if part[0] or place == 0]
    match language:
        case Language.JA:
            (count, _, alone, _), *more = said
            return f"{count}{alone}" if not more else "".join(f"{count}{short}" for count, short, *_ in said)
        case Language.EN:
            return " and ".join(
                f"{count} {english}{'' if count == 1 else 's'}" for count, *_, english in said
            )


def say_deadline(moment: datetime, language: Language) -> str:
    """A deadline: `11月27日(金) 10:24 日本時間`, `Fri 27 November, 10:24 Japan time`. `moment` is aware."""
    local = moment.astimezone(JST)
    weekday = _WEEKDAYS[language][local.weekday()]
    match language:
        case Language.JA:
            return f"{local.month}月{local.day}日({weekday}) {local:%H:%M} 日本時間"
        case Language.EN:
            return f"{weekday} {local.day} {_MONTHS[local.month - 1]}, {local:%H:%M} Japan time"


def say_day(moment: datetime, language: Language) -> str:
    """A day that may be years away: `2028年11月24日`, `24 November 2028`. `moment` is aware."""
    local = moment.astimezone(JST)
    match language:
        case Language.JA:
            return f"{local.year}年{local.month}月{local.day}日"
        case Language.EN:
            return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def say_years(years: str, language: Language) -> str:
    """A certificate's term: `2年`, `2 years`."""
    match language:
        case Language.JA:
            return f"{years}年"
        case Language.EN:
            return f"{years} year{'' if years == '1' else 's'}"
