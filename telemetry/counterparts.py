"""Which of those that the system depends on fail at present, as far as this process has met them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, unique

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


@unique
class Counterpart(StrEnum):
    """Whom the system depends on."""

    MAIL = "mail"
    ECONTRACT = "econtract"
    CA = "ca"
    DATABASE = "database"
    TEMPORAL = "temporal"


_COUNTS_FOR: Mapping[Counterpart, timedelta] = {
    # A certificate that is not issued yet is asked for every half hour only.
    Counterpart.CA: timedelta(minutes=45),
}
_COUNTS_FOR_OTHERWISE = timedelta(minutes=10)
"""How long a failure counts if nothing is tried again: another worker may have been luckier meanwhile."""


@dataclass
class _Failing:
    since: float
    last: float
    times: int = 1


class Counterparts(Collector):
    """Remembers since when each counterpart has failed, and gives it as gauges."""

    def __init__(
        self, known: Iterable[Counterpart] = Counterpart, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take whom this process has to do with; nobody fails yet. `clock` gives seconds."""
        self._known = tuple(known)
        self._clock = clock
        self._failing: dict[Counterpart, _Failing] = {}

    def failed(self, counterpart: Counterpart) -> None:
        """Note that one could not be reached, or could not do its work."""
        now, failing = self._clock(), self._present(counterpart)
        if failing is None:
            self._failing[counterpart] = _Failing(now, now)
        else:
            failing.last, failing.times = now, failing.times + 1

    def answered(self, *counterparts: Counterpart) -> None:
        """Note that some have done what they were asked for."""
        for each in counterparts:
            self._failing.pop(each, None)

    def collect(self) -> Iterator[Metric]:
        """Give the gauges, 0 for who does not fail."""
        since = GaugeMetricFamily(
            "jcan_counterpart_failing_seconds",
            "Since when each attempt at a counterpart has failed in this process; 0 if the last has not.",
            labels=["counterpart"],
        )
        times = GaugeMetricFamily(
            "jcan_counterpart_failures_in_a_row",
            "How many attempts at a counterpart have failed one after the other.",
            labels=["counterpart"],
        )
        for each in self._known:
            failing = self._present(each)
            since.add_metric([each.value], self._clock() - failing.since if failing else 0.0)
            times.add_metric([each.value], failing.times if failing else 0)
        yield since
        yield times

    def _present(self, counterpart: Counterpart) -> _Failing | None:
        failing = self._failing.get(counterpart)
        counts_for = _COUNTS_FOR.get(counterpart, _COUNTS_FOR_OTHERWISE)
        if failing is None or self._clock() - failing.last > counts_for.total_seconds():
            return None
        return failing
