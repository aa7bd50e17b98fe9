"""What an attempt at an activity leaves behind, for whom it failed, and what it does not tell."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy.exc import OperationalError, ProgrammingError
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from domain.workflow_ids import certificate_id, enrolment_id, retention_id
from engine.attempts import Attempts
from telemetry.counterparts import Counterpart, Counterparts
from telemetry.logs import logger
from tests.logged import Logged

REFERENCE = "0123456789ABC"
ADDRESS = "taro.takahashi@example.jp"


class Ends(ActivityInboundInterceptor):
    """An activity that ends as it is told."""

    def __init__(self, error: Exception | None) -> None:
        """Raise this, if anything."""
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> str:  # noqa: A002 - the SDK's name
        """End."""
        logger("jcan.test").info("within")
        if self._error is not None:
            raise self._error
        return f"for {input.args[0]}"


class Worker:
    """Runs activities as the worker does, with our interceptor before them."""

    def __init__(self) -> None:
        """Nobody fails yet."""
        self.counterparts = Counterparts()

    async def run(self, name: str, error: Exception | None = None, **info: Any) -> str:
        """Run an activity of a name."""
        attempt = Attempts(self.counterparts).intercept_activity(Ends(error))
        told = ExecuteActivityInput(fn=str, args=[ADDRESS], executor=None, headers={})
        environment = ActivityEnvironment()
        given = {"activity_type": name, "workflow_id": enrolment_id(REFERENCE), "workflow_type": "Enrolment"}
        environment.info = activity.Info(**(vars(environment.info) | given | info))
        run: Callable[..., Any] = attempt.execute_activity
        result: str = await environment.run(run, told)
        return result

    async def fail(self, name: str, error: Exception, **info: Any) -> None:
        """Run an activity that raises an error."""
        with pytest.raises(type(error)):
            await self.run(name, error, **info)

    def failing(self) -> set[str]:
        """Who fails, as Prometheus sees it."""
        (_since, times) = self.counterparts.collect()
        return {sample.labels["counterpart"] for sample in times.samples if sample.value}


@pytest.fixture
def worker() -> Worker:
    return Worker()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def operational() -> OperationalError:
    return OperationalError("INSERT", {"email": ADDRESS}, ConnectionError(ADDRESS))


def kind(error: Exception) -> str:
    return type(error).__name__


async def test_a_failed_attempt_is_one_line_with_what_an_operator_looks_for(
    worker: Worker, logged: Logged
) -> None:
    refusal = ApplicationError(f"450 <{ADDRESS}> later", type="MailDelayed")
    await worker.fail("send_mail", refusal, attempt=7)

    (line,) = logged.of("jcan.activity")
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "logger": "jcan.activity",
        "event": "failed, will be tried again",
        "error": "MailDelayed",
        "counterpart": "mail",
        "activity": "send_mail",
        "workflow": "Enrolment",
        "attempt": 7,
        "reference": REFERENCE,
    }


@pytest.mark.parametrize(
    "bug", [ValueError(ADDRESS), ProgrammingError("SELCT", {"email": ADDRESS}, ValueError(ADDRESS))], ids=kind
)
async def test_a_bug_is_an_error_with_its_places_and_without_its_message(
    worker: Worker, logged: Logged, bug: Exception
) -> None:
    await worker.fail("record_standing", bug)

    (line,) = logged.of("jcan.activity")
    assert (line["level"], line["error"]) == ("error", kind(bug))
    assert worker.failing() == set()
    assert any("tests/engine/test_attempts.py" in each for each in line["trace"])
    assert ADDRESS not in logged.text


@pytest.mark.parametrize(
    ("workflow_id", "fact"),
    [
        (enrolment_id(REFERENCE), {"reference": REFERENCE}),
        (retention_id(REFERENCE), {"reference": REFERENCE}),
        (certificate_id("7f01"), {"serial": "7f01"}),
    ],
)
async def test_whatever_is_logged_within_an_attempt_says_whose_it_is(
    worker: Worker, logged: Logged, workflow_id: str, fact: dict[str, str]
) -> None:
    await worker.run("shred", workflow_id=workflow_id)

    (line,) = logged.of("jcan.test")
    assert line["activity"] == "shred"
    assert {name: line.get(name) for name in fact} == fact
    logger("jcan.test").info("after")
    assert "activity" not in logged.of("jcan.test")[1]


@pytest.mark.parametrize(
    ("name", "error", "counterpart"),
    [
        ("send_mail", ApplicationError("", type="MailDelayed"), Counterpart.MAIL),
        ("create_credential", ApplicationError("", type="EContractUnavailable"), Counterpart.ECONTRACT),
        ("install_certificate", ApplicationError("", type="EContractKeyRefused"), Counterpart.ECONTRACT),
        ("deliver_event", ApplicationError("", type="EventUndelivered"), Counterpart.ECONTRACT),
        ("order_certificate", ApplicationError("", type="AuthorityUnavailable"), Counterpart.CA),
        ("send_mail", operational(), Counterpart.DATABASE),
        ("reserve_ticket", RPCError("", RPCStatusCode.UNAVAILABLE, b""), Counterpart.TEMPORAL),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_who_fails_is_told_by_the_error_and_recovers_with_the_next_success(
    worker: Worker, name: str, error: Exception, counterpart: Counterpart
) -> None:
    await worker.fail(name, error)
    assert worker.failing() == {counterpart}
    await worker.run(name)
    assert worker.failing() == ({counterpart} if counterpart is Counterpart.TEMPORAL else set())


async def test_one_counterparts_success_says_nothing_of_another(worker: Worker) -> None:
    await worker.fail("send_mail", ApplicationError("", type="MailDelayed"))
    await worker.run("install_certificate")
    await worker.run("record_standing")
    assert worker.failing() == {"mail"}
    await worker.fail("record_standing", operational())
    await worker.run("deliver_event")
    assert worker.failing() == {"mail", "database"}


async def test_a_certificate_that_is_not_issued_yet_is_no_failure(worker: Worker, logged: Logged) -> None:
    await worker.fail("order_certificate", ApplicationError("", type="AuthorityUnavailable"))
    attempts = {"activity": "fetch_certificate"}
    before = counted("jcan_activity_attempts_total", **attempts)
    await worker.fail("fetch_certificate", ApplicationError("not issued yet", type="NotIssuedYet"))

    assert worker.failing() == set()
    assert len(logged.of("jcan.activity")) == 1
    assert counted("jcan_activity_attempts_total", **attempts) == before + 1
    assert "NotIssuedYet" not in generate_latest().decode()


async def test_an_attempt_that_was_called_off_is_no_failure(worker: Worker, logged: Logged) -> None:
    await worker.fail("send_mail", CancelledError())
    assert worker.failing() == set()
    assert logged.of("jcan.activity") == []


async def test_attempts_and_failures_are_counted(worker: Worker) -> None:
    attempts = {"activity": "remove_certificate"}
    failures = attempts | {"error": "EContractUnavailable", "counterpart": "econtract"}

    def now() -> tuple[float, float]:
        return (
            counted("jcan_activity_attempts_total", **attempts),
            counted("jcan_activity_failures_total", **failures),
        )

    before = now()
    await worker.fail("remove_certificate", ApplicationError("", type="EContractUnavailable"))
    await worker.run("remove_certificate", attempt=2)
    assert [late - early for early, late in zip(before, now(), strict=True)] == [2, 1]


async def test_it_is_told_when_it_worked_at_last(worker: Worker, logged: Logged) -> None:
    assert await worker.run("send_mail") == f"for {ADDRESS}"
    assert logged.of("jcan.activity") == []
    await worker.run("send_mail", attempt=3)
    (line,) = logged.of("jcan.activity")
    assert (line["event"], line["attempt"]) == ("succeeded at last", 3)
