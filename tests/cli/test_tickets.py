"""`jcan tickets` as an operator types it: real database, honest exit codes."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from records.tickets import today_in_japan
from tests.cli.conftest import Jcan

ORDER = (
    "tickets",
    "order",
    "--company-code=leo-sign",
    "--corporate-number=9999999999999",
    "--company-name=株式会社サンプル",
    "--company-name-latin=Sample Corporation",
    "--quantity=2",
)


def last_day(days: int) -> str:
    """The option for a last good day."""
    return f"--expires-on={today_in_japan() + timedelta(days=days)}"


def test_ordered_tickets_are_listed_and_can_be_cancelled_once(jcan: Jcan) -> None:
    ordered = jcan(*ORDER, last_day(30), "--json")
    assert ordered.returncode == 0, ordered.stderr
    first, second = json.loads(ordered.stdout)

    listed = json.loads(jcan("tickets", "list", "--json").stdout)
    assert {row["number"] for row in listed} == {first, second}
    assert {(row["state"], row["company_name"]) for row in listed} == {("free", "株式会社サンプル")}

    cancelled = jcan("tickets", "cancel", first)
    assert (cancelled.returncode, cancelled.stdout) == (0, "Cancelled.\n")
    assert jcan("tickets", "cancel", first).stdout == "It was cancelled before.\n"
    assert first in jcan("tickets", "list", "--state=cancelled").stdout

    trail = jcan("audit", "export").stdout
    entries = [json.loads(line)["entry"] for line in trail.splitlines()[:-1]]
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("operator:cli", "tickets_ordered"),
        ("operator:cli", "ticket_cancelled"),
    ]
    assert first not in trail


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*ORDER, last_day(-1)), "in the past"),
        ((*ORDER, last_day(30), "--company-code=nobody"), "No tenant has the company code"),
        ((*ORDER, last_day(30), "--corporate-number=1234567890123"), "corporate_number"),
        (("tickets", "cancel", "123"), "not a ticket number"),
        (("tickets", "cancel", "14f75199c-82f4-419b-8041-5f8631cb488ep"), "no such ticket"),
        (("enrolments", "show", "0123456789ABC"), "no such enrolment"),
        (("audit", "show", "0123456789ABC"), "has nothing of that reference"),
        (("audit", "show", "?"), "not a reference"),
        (("enrolments", "show", "?"), "not a reference"),
        (("enrolments", "review", "0123456789ABC", "reject"), "--reason"),
        (("enrolments", "withdraw", "0123456789ABC"), "Temporal cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_said_and_exits_with_1(
    jcan: Jcan, words: tuple[str, ...], sentence: str
) -> None:
    result = jcan(*words)
    assert result.returncode == 1, result.stdout
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("words", [("tickets", "order"), ("tickets", "nonsense"), ("nonsense",)])
def test_wrong_usage_exits_with_2(jcan: Jcan, words: tuple[str, ...]) -> None:
    assert jcan(*words).returncode == 2


def test_a_state_that_is_none_is_refused_with_those_that_are(jcan: Jcan) -> None:
    result = jcan("tickets", "list", "--state=typo")
    assert (result.returncode, result.stdout) == (2, "")
    for state in ("free", "reserved", "used", "cancelled", "expired"):
        assert f"'{state}'" in result.stderr


def test_a_missing_setting_is_a_sentence() -> None:
    environment = {"PATH": os.environ["PATH"], "JCAN_DATABASE_URL": "postgresql://nobody@/nothing"}
    command = [sys.executable, "-m", "cli", "tickets", "list"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "JCAN_MASTER_KEYS is not set." in result.stderr


@pytest.mark.parametrize(
    "words", [(*ORDER, last_day(30)), ("tickets", "list"), ("enrolments", "show", "0123456789ABC")]
)
def test_a_database_that_cannot_be_reached_is_a_sentence(
    jcan: Jcan, surroundings: dict[str, str], words: tuple[str, ...]
) -> None:
    surroundings["JCAN_DATABASE_URL"] = "postgresql://nobody:word@127.0.0.1:1/none"
    result = jcan(*words)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "The database cannot be reached or written to (OperationalError).\n"
