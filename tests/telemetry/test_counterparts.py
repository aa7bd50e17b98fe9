"""Which counterparts fail: from the first failure in a row to the next success."""

from prometheus_client import CollectorRegistry

from telemetry.counterparts import Counterpart, Counterparts

SINCE = "jcan_counterpart_failing_seconds"
TIMES = "jcan_counterpart_failures_in_a_row"


class Watched:
    """Counterparts with a clock that the test sets, as Prometheus sees them."""

    def __init__(self) -> None:
        """It is zero o'clock."""
        self.now = 0.0
        self.counterparts = Counterparts(clock=lambda: self.now)
        self._registry = CollectorRegistry()
        self._registry.register(self.counterparts)

    def said(self, counterpart: Counterpart) -> tuple[float | None, float | None]:
        """Since when, and how often."""
        labels = {"counterpart": counterpart.value}
        since, times = (self._registry.get_sample_value(name, labels) for name in (SINCE, TIMES))
        return since, times


def test_nobody_fails_at_first_and_all_are_told() -> None:
    watched = Watched()
    assert {watched.said(each) for each in Counterpart} == {(0.0, 0.0)}


def test_it_rises_from_the_first_failure_in_a_row_and_falls_with_an_answer() -> None:
    watched = Watched()
    for watched.now in (100.0, 160.0, 220.0):
        watched.counterparts.failed(Counterpart.MAIL)
    watched.now = 250.0
    assert watched.said(Counterpart.MAIL) == (150.0, 3.0)
    assert watched.said(Counterpart.ECONTRACT) == (0.0, 0.0)
    watched.counterparts.answered(Counterpart.MAIL, Counterpart.DATABASE)
    assert watched.said(Counterpart.MAIL) == (0.0, 0.0)


def test_a_process_that_tries_no_more_does_not_raise_the_alarm_for_ever() -> None:
    watched = Watched()
    watched.counterparts.failed(Counterpart.MAIL)
    watched.counterparts.failed(Counterpart.CA)
    watched.now = 601.0
    assert watched.said(Counterpart.MAIL) == (0.0, 0.0)
    # A certificate is asked for every half hour only.
    assert watched.said(Counterpart.CA) == (601.0, 1.0)
    watched.counterparts.failed(Counterpart.MAIL)
    assert watched.said(Counterpart.MAIL) == (0.0, 1.0)


def test_whom_a_process_has_nothing_to_do_with_is_not_told() -> None:
    registry = CollectorRegistry()
    registry.register(Counterparts([Counterpart.DATABASE]))
    assert registry.get_sample_value(SINCE, {"counterpart": "mail"}) is None
    assert registry.get_sample_value(SINCE, {"counterpart": "database"}) == 0.0
