"""What Prometheus gets of the running stack, beside what the document and the alerts say of it."""

import re

import pytest_asyncio

from tests.running.enrolling import Enrolling
from tests.running.stack import ROOT, Stack

OPERATIONS = ROOT / "docs" / "operations.md"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DOCUMENTED = re.compile(r"^\| `(jcan_\w+)` \|", re.MULTILINE)
OURS = re.compile(r"^# TYPE (jcan_\w+) ", re.MULTILINE)


@pytest_asyncio.fixture(scope="module")
async def scraped(stack: Stack, complete: list[Enrolling]) -> dict[str, str]:
    """The metrics of both parts, once some have enrolled."""
    assert complete
    return {"web": await stack.metrics("web"), "worker": await stack.metrics("worker")}


def figure(text: str, series: str) -> float:
    """One figure of a scrape."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


async def test_the_document_names_every_metric_once_and_no_other(scraped: dict[str, str]) -> None:
    documented = DOCUMENTED.findall(OPERATIONS.read_text(encoding="utf-8"))
    assert sorted(documented) == sorted({name for text in scraped.values() for name in OURS.findall(text)})


async def test_the_alerts_speak_of_metrics_that_there_are(scraped: dict[str, str]) -> None:
    alerts = ALERTS.read_text(encoding="utf-8")
    everything = "\n".join(scraped.values())
    named = set(re.findall(r"\b(?:jcan|temporal)_\w+", alerts))
    # The SDK tells of this one once it has happened.
    assert {name for name in named if name not in everything} <= {
        "temporal_workflow_task_execution_failed_total"
    }
    assert len(named) >= 8


async def test_the_worker_tells_what_it_did_and_whom_it_reached(scraped: dict[str, str]) -> None:
    worker = scraped["worker"]
    assert figure(worker, 'jcan_mails_total{answer="accepted",kind="issued"}') >= 2
    assert figure(worker, 'jcan_enrolments_started_total{applicant="agent",tenant="leopalace"}') >= 1
    assert figure(worker, 'jcan_enrolments_ended_total{outcome="installed",tenant="leopalace"}') >= 2
    assert figure(worker, 'jcan_activity_attempts_total{activity="install_certificate"}') >= 2
    assert figure(worker, 'jcan_counterpart_failing_seconds{counterpart="database"}') == 0
    assert figure(worker, 'jcan_counterpart_failing_seconds{counterpart="temporal"}') == 0
    assert "temporal_worker_task_slots_available{" in worker


async def test_the_front_tells_what_was_asked_of_it(scraped: dict[str, str]) -> None:
    pressed = 'jcan_http_requests_total{method="POST",route="/{tenant}/realregist/step1",status="303"}'
    assert figure(scraped["web"], pressed) >= 2
    assert "jcan_enrolments_open" not in scraped["web"], "the workers tell that"
