"""Gauges that are looked up when somebody asks for them: what is open, and whether one gets anywhere.

A scrape is answered on a thread of its own, the looking is done on the process's event loop: if that hangs,
and nothing else works either, all but these gauges is still told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from domain.stage import Attention, Stage
from records.backlog import Backlog, backlog
from records.database import Database
from records.missing import Missing
from telemetry.counterparts import Counterpart, Counterparts

PATIENCE_SECONDS = 3.0
"""How long to look; a scrape is usually given ten seconds."""

R = TypeVar("R")


class Open(Collector):
    """What is open, read from the records; nothing at all while they cannot be read."""

    def __init__(self, database: Database, tenants: Collection[str]) -> None:
        """Made on the event loop that the database is used on."""
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._tenants = sorted(tenants)

    def describe(self) -> list[Metric]:
        """Give nothing: at the start there may be no database yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the gauges, 0 where nothing is open."""
        try:
            found = _looked_up(self._loop, self._backlog())
        except (SQLAlchemyError, OSError, CancelledError):
            return
        yield self._by_stage("jcan_enrolments_open", "Enrolments that have not ended.", found.enrolments)
        yield self._by_stage(
            "jcan_enrolments_overdue",
            "Open enrolments whose deadline passed more than ten minutes ago.",
            found.overdue,
        )
        yield self._by_reason(found)
        yield self._oldest_review(found)

    async def _backlog(self) -> Backlog:
        async with asyncio.timeout(PATIENCE_SECONDS), self._database.begin() as session:
            return await backlog(session, self._tenants, datetime.now(UTC))

    def _by_stage(self, name: str, says: str, counts: Mapping[tuple[str, Stage], int]) -> Metric:
        gauge = GaugeMetricFamily(name, says, labels=["tenant", "stage"])
        for tenant in self._tenants:
            for stage in Stage:
                if not stage.ended:
                    gauge.add_metric([tenant, stage.value], counts.get((tenant, stage), 0))
        return gauge

    def _by_reason(self, found: Backlog) -> Metric:
        gauge = GaugeMetricFamily(
            "jcan_enrolments_attention",
            "Open enrolments that ask for an operator, by why.",
            labels=["tenant", "reason"],
        )
        for tenant in self._tenants:
            for reason in Attention:
                gauge.add_metric([tenant, reason.value], found.attention.get((tenant, reason), 0))
        return gauge

    def _oldest_review(self, found: Backlog) -> Metric:
        gauge = GaugeMetricFamily(
            "jcan_review_oldest_age_seconds",
            "For how long the oldest application in review has waited; 0 if there is none.",
            labels=["tenant"],
        )
        now = datetime.now(UTC)
        for tenant in self._tenants:
            since = found.reviews_since.get(tenant)
            gauge.add_metric([tenant], (now - since).total_seconds() if since else 0.0)
        return gauge


class Reach(Collector):
    """Which counterparts fail: those that the process has met, and those that can be asked at any time."""

    def __init__(
        self,
        counterparts: Counterparts,
        questions: Mapping[Counterpart, Callable[[], Awaitable[Missing | None]]],
    ) -> None:
        """Take how to ask whether one lacks something. Made on the event loop on which it is asked."""
        self._loop = asyncio.get_running_loop()
        self._counterparts = counterparts
        self._questions = questions

    def describe(self) -> list[Metric]:
        """Give nothing: nobody is asked yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask, then give the gauges of all of them."""
        with suppress(OSError, CancelledError):
            _looked_up(self._loop, self._ask_all())
        yield from self._counterparts.collect()

    async def _ask_all(self) -> None:
        await asyncio.gather(*(self._ask(each, question) for each, question in self._questions.items()))

    async def _ask(self, counterpart: Counterpart, question: Callable[[], Awaitable[Missing | None]]) -> None:
        try:
            missing = await asyncio.wait_for(question(), PATIENCE_SECONDS)
        except Exception:  # noqa: BLE001 - absence has many exception types
            self._counterparts.failed(counterpart)
        else:
            if missing is None:
                self._counterparts.answered(counterpart)
            else:
                self._counterparts.failed(counterpart)


def _looked_up(loop: asyncio.AbstractEventLoop, looking: Coroutine[None, None, R]) -> R:
    """Have something looked up on the event loop. Raises what it raises, and TimeoutError."""
    future = asyncio.run_coroutine_threadsafe(looking, loop)
    try:
        return future.result(PATIENCE_SECONDS + 1)
    finally:
        future.cancel()
