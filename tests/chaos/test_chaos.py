"""The short form of `make chaos`, and that it would notice."""

import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.chaos.evidence import Evidence
from tests.chaos.findings import findings
from tests.chaos.log_lines import entries_in
from tests.chaos.plan import PARTS, Decision, Walk, make_plan, short_plan
from tests.chaos.report import table
from tests.chaos.running import Run
from tests.chaos.walking import Enrolled
from tests.running.mailbox import Mail
from tests.running.stack import new_directory

SEED = 20261124


@pytest.mark.timeout(300)
async def test_everything_is_killed_once_and_nothing_is_lost_or_doubled() -> None:
    directory, lines = new_directory(), list[str]()
    run = Run(short_plan(SEED), directory, lines.append)
    evidence = await run.go()
    found = findings(run.course.enrolled, evidence, len(PARTS))
    assert found == [], "\n".join([f"The state is kept in {directory}.", *lines, *found])
    assert {killed.part for killed in run.course.killed} == set(PARTS)
    assert "| findings | none |" in table(run.course, evidence, found)
    shutil.rmtree(directory, ignore_errors=True)


def test_the_same_seed_is_the_same_plan() -> None:
    assert str(make_plan(7, 30, 15)) == str(make_plan(7, 30, 15))
    assert str(make_plan(7, 30, 15)) != str(make_plan(8, 30, 15))


def test_a_plan_kills_every_part_and_has_every_kind_of_enrolment() -> None:
    plan = make_plan(7, 200, 100)
    assert {kill.part for kill in plan.kills[: len(PARTS)]} == set(PARTS)
    ways = {decision for walk in plan.walks for decision in (*walk.approvals, *walk.reviews)}
    assert {(each.decision, each.way) for each in ways} >= {
        ("approve", "link"),
        ("approve", "api"),
        ("return", "link"),
        ("refuse", "link"),
        ("approve", "console"),
        ("approve", "cli"),
        ("return", "console"),
    }


R = "0123456789ABC"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def entry(action: str, **facts: Any) -> dict[str, Any]:
    """An entry of the audit trail."""
    return {"reference": R, "action": action, "facts": facts}


def mail(letter: str, host: str = "lra.example.jp", copy: int = 1) -> Mail:
    """A received mail."""
    facts = {"id": f"{letter}{host}{copy}", "from": "", "to": "", "subject": "", "text": "", "html": None}
    return Mail.model_validate(facts | {"message_id": f"<{R}.{letter}@{host}>", "links": []})


@pytest.fixture
def principal() -> Enrolled:
    """One principal's enrolment that went all the way."""
    walk = Walk(1, "principal", "leopalace", (), (), "none", "")
    return Enrolled(walk, R, "ticket", "taro@example.jp", "")


@pytest.fixture
def good() -> Evidence:
    """What is there after that enrolment."""
    stages = ["applying", "in_review", "issuing", "installing", "issued"]
    told = [f"msg_{R}_{number}_{stage}" for number, stage in enumerate(["registered", *stages], 1)]
    return Evidence(
        rows={
            "enrolments": [{"reference": R, "stage": "issued", "outcome": "installed"}],
            "tickets": [{"number": "ticket", "reserved_by": R, "consumed_at": NOW}],
            "audit": [
                entry("registered"),
                entry("link_mailed", kind="application_link", generation=1),
                entry("ordered"),
                *(entry(f"stage_{stage}") for stage in stages),
            ],
            "mailings": [],
            "certificates": [{"reference": R, "serial": "0a"}],
            "ca_orders": [{"order_id": f"{R}-1"}],
            "ca_certificates": [{"order_id": f"{R}-1", "serial": "0a", "revoked_at": None}],
            "credentials": [{"credential_id": "c", "reference": R, "deleted_at": None}],
            "installed": [{"credential_id": "c", "serial": "0a", "removed_at": None}],
            "events": [{"event_id": event, "reference": R} for event in told],
            "calls": [{"method": "PUT", "path": "/", "status": 204}],
        },
        runs={("Enrolment", "Completed"): 1, ("Certificate", "Running"): 1},
        mails=[mail("application_link.1.principal"), mail("issued.1.principal")],
        calls=[],
        mail_sessions=Counter(),
        audit_said="Intact: 8 entries.",
    )


def test_what_is_right_is_no_finding(principal: Enrolled, good: Evidence) -> None:
    again = replace(good, mails=[*good.mails, mail("issued.1.principal", copy=2)])
    assert findings([principal], good, 0) == []
    assert findings([principal], again, 0) == [], "a repeat with the Message-ID of the first"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param("enrolments", {"reference": "X", "stage": "registered", "outcome": None}, id="twice"),
        pytest.param("ca_certificates", {"order_id": f"{R}-2", "serial": "0b", "revoked_at": None}, id="ca"),
        pytest.param("installed", {"credential_id": "c", "serial": "0b", "removed_at": None}, id="service"),
        pytest.param("tickets", {"number": "t2", "reserved_by": R, "consumed_at": NOW}, id="ticket"),
        pytest.param("calls", {"method": "PUT", "path": "/", "status": 409}, id="refused"),
        pytest.param("audit", {"reference": R, "action": "ordered", "facts": {}}, id="ordered twice"),
        pytest.param("events", {"event_id": f"msg_{R}_7_issued", "reference": R}, id="told twice"),
        pytest.param("audit", entry("link_mailed", kind="application_link", generation=2), id="mail"),
    ],
)
def test_one_row_more_is_found(principal: Enrolled, good: Evidence, table: str, row: dict[str, Any]) -> None:
    more = replace(good, rows={**good.rows, table: [*good.rows[table], row]})
    assert findings([principal], more, 0) != []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"mails": [mail("application_link.1.principal")]}, id="a mail has not come"),
        pytest.param({"audit_said": "Not intact: …"}, id="the trail"),
        pytest.param({"runs": {("Enrolment", "Failed"): 1}}, id="a failed run"),
        pytest.param({"deaths": 1}, id="a process died"),
        pytest.param({"logs": list(entries_in("web", "Traceback (most recent call last):"))}, id="a crash"),
    ],
)
def test_what_is_missing_or_broken_is_found(
    principal: Enrolled, good: Evidence, change: dict[str, Any]
) -> None:
    assert findings([principal], replace(good, **change), 0) != []


def test_another_message_id_is_no_repeat(principal: Enrolled, good: Evidence) -> None:
    more = [*good.mails, mail("issued.1.principal", host="elsewhere.example.jp")]
    assert findings([principal], replace(good, mails=more), 0) != []


def test_who_got_stuck_is_named(principal: Enrolled, good: Evidence) -> None:
    (said,) = findings([replace(principal, failure="no mail came")], good, 0)
    assert "no mail came" in said


def test_a_traceback_belongs_to_its_line_and_hides_below_no_quiet_one() -> None:
    text = "INFO:     Started\n2026-11-24 08:00:00 ERROR x broke\nTraceback:\n  File\nINFO:     On\nKilled\n"
    assert [(each.level, each.text) for each in entries_in("web", text)] == [
        ("info", "INFO:     Started"),
        ("error", "2026-11-24 08:00:00 ERROR x broke\nTraceback:\n  File"),
        ("info", "INFO:     On"),
        ("", "Killed"),
    ]


def test_a_walk_is_told_in_a_line() -> None:
    walk = Walk(3, "agent", "contracthub", (Decision("approve", "link"),), (), "early", "")
    assert str(walk) == "3: agent, contracthub, approve (link), hook early"
