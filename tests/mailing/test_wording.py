"""Periods are rounded down, deadlines are Japan's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stage import Language
from mailing.wording import say_day, say_deadline, say_period, say_years


@pytest.mark.parametrize(
    ("period", "japanese", "english"),
    [
        (timedelta(days=3), "3日間", "3 days"),
        (timedelta(days=14), "14日間", "14 days"),
        (timedelta(days=1), "1日間", "1 day"),
        (timedelta(hours=1), "1時間", "1 hour"),
        (timedelta(seconds=90), "1分30秒", "1 minute and 30 seconds"),
        (timedelta(days=1, seconds=59), "1日間", "1 day"),
        (timedelta(milliseconds=900), "0秒間", "0 seconds"),
    ],
)
def test_a_period_is_said_in_its_two_largest_units(period: timedelta, japanese: str, english: str) -> None:
    assert say_period(period, Language.JA) == japanese
    assert say_period(period, Language.EN) == english


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1000)))
def test_a_period_is_never_said_longer_than_it_is(period: timedelta) -> None:
    units = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
    said = 0
    for part in say_period(period, Language.EN).split(" and "):
        count, unit = part.split()
        said += int(count) * units[unit.rstrip("s")]
    assert timedelta(seconds=said) <= period


def test_a_deadline_has_weekday_and_time_zone() -> None:
    midnight = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
    assert say_deadline(midnight, Language.JA) == "11月27日(金) 00:00 日本時間"
    assert say_deadline(midnight, Language.EN) == "Fri 27 November, 00:00 Japan time"


def test_a_day_far_away_has_its_year() -> None:
    assert say_day(datetime(2028, 12, 31, 15, 0, tzinfo=UTC), Language.JA) == "2029年1月1日"
    assert say_day(datetime(2028, 12, 31, 15, 0, tzinfo=UTC), Language.EN) == "1 January 2029"


def test_years_agree_in_number() -> None:
    assert [say_years(years, Language.EN) for years in ("1", "2")] == ["1 year", "2 years"]
    assert say_years("2", Language.JA) == "2年"
