"""A scrape: what is looked up for it, and that nothing depends on it."""

import asyncio
import socket
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.stage import Stage
from records.database import Database
from records.missing import Missing
from records.vault import Vault
from settings import Settings
from telemetry import gauges
from telemetry.counterparts import Counterpart, Counterparts
from telemetry.exposition import exposed
from telemetry.gauges import Open, Reach
from tests.logged import Logged
from tests.records.office import Office
from tests.running.free_ports import free_ports

TENANTS = ["leopalace", "contracthub"]
NOBODY = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"


@pytest.fixture
def watched(settings: Settings) -> Settings:
    """The settings, with a port for the metrics."""
    (port,) = free_ports(1)
    return settings.model_copy(update={"metrics_port": port})


async def scrape(settings: Settings) -> list[str]:
    """What Prometheus gets, line by line."""

    def get() -> str:
        address = f"http://127.0.0.1:{settings.metrics_port}/metrics"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as answer:
            told: str = answer.read().decode()
        return told

    return (await asyncio.to_thread(get)).splitlines()


async def test_what_is_open_is_told_and_what_is_not_is_zero(
    watched: Settings, database: Database, vault: Vault
) -> None:
    office = Office(database, vault)
    await office.write(1, Stage.IN_REVIEW, since=datetime.now(UTC) - timedelta(hours=2))
    async with exposed(watched, Open(database, TENANTS)):
        lines = await scrape(watched)

    assert 'jcan_enrolments_open{stage="in_review",tenant="leopalace"} 1.0' in lines
    assert 'jcan_enrolments_open{stage="in_review",tenant="contracthub"} 0.0' in lines
    assert 'jcan_enrolments_overdue{stage="registered",tenant="leopalace"} 0.0' in lines
    assert 'jcan_enrolments_attention{reason="mail_refused",tenant="leopalace"} 0.0' in lines
    ages = {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("jcan_review_")}
    assert 7200 <= ages['jcan_review_oldest_age_seconds{tenant="leopalace"}'] < 7300
    assert ages['jcan_review_oldest_age_seconds{tenant="contracthub"}'] == 0


async def test_without_the_database_the_rest_is_told_and_that_it_fails(watched: Settings) -> None:
    nowhere = Database(NOBODY)

    async def asked() -> Missing | None:
        async with nowhere.begin() as session:
            await session.execute(text("SELECT 1"))
        return None

    reach = Reach(Counterparts(), {Counterpart.DATABASE: asked})
    async with exposed(watched, reach, Open(nowhere, TENANTS)):
        await scrape(watched)
        lines = await scrape(watched)
    await nowhere.close()

    assert 'jcan_counterpart_failures_in_a_row{counterpart="database"} 2.0' in lines
    assert 'jcan_counterpart_failing_seconds{counterpart="mail"} 0.0' in lines
    assert not [line for line in lines if "jcan_enrolments_open" in line]
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


async def test_a_counterpart_that_lacks_something_fails_until_it_lacks_nothing(watched: Settings) -> None:
    answers: list[Missing | None] = [None, Missing("search_attributes", "Some are not there."), None]

    async def asked() -> Missing | None:
        return answers.pop()

    said = []
    async with exposed(watched, Reach(Counterparts(), {Counterpart.TEMPORAL: asked})):
        while answers:
            lines = await scrape(watched)
            said += [line[-3:] for line in lines if line.startswith("jcan_counterpart_failures_in_a_row")][
                -1:
            ]
    assert said == ["0.0", "1.0", "0.0"]


async def test_an_event_loop_that_hangs_is_still_told_of(
    watched: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "PATIENCE_SECONDS", 0.1)
    async with exposed(watched, Open(database, TENANTS)):
        # Nobody turns the loop meanwhile.
        address = f"http://127.0.0.1:{watched.metrics_port}/metrics"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as answer:
            told = answer.read().decode()
    assert "process_resident_memory_bytes" in told
    assert "jcan_enrolments_open" not in told


async def test_a_port_that_is_taken_is_logged_and_the_work_goes_on(watched: Settings, logged: Logged) -> None:
    with socket.create_server(("127.0.0.1", watched.metrics_port or 0)):
        async with exposed(watched):
            pass
    (line,) = logged.of("jcan.metrics")
    assert (line["level"], line["port"]) == ("error", watched.metrics_port)


async def test_without_a_port_nothing_listens_and_nothing_is_looked_up(settings: Settings) -> None:
    async def asked() -> Missing | None:
        raise AssertionError

    async with exposed(settings, Reach(Counterparts(), {Counterpart.DATABASE: asked})):
        pass
