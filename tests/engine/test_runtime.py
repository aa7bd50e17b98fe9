"""What the SDK's core logs and measures, among ours."""

import logging
import socket
from types import SimpleNamespace

from engine.runtime import CoreMetrics, told
from tests.logged import Logged

ADDRESS = "taro.takahashi@example.jp"


def log(text: str, **fields: object) -> None:
    """Log as the core does, by way of Python's logging."""
    core = logging.getLogger("temporalio.core")
    core.addFilter(told)
    core.warning(text, extra={"temporal_log": SimpleNamespace(fields=fields)})


def test_of_a_call_that_fails_the_code_is_told_and_not_what_was_answered(logged: Logged) -> None:
    error = f'Status {{ code: Unavailable, message: "no way to {ADDRESS}", source: Some(ConnectError) }}'
    log("gRPC call signal_workflow_execution retried 5 times", error=error)

    (line,) = logged.of("temporalio.core")
    assert (line["level"], line["code"], line["error"]) == ("warning", "Unavailable", "ConnectError")
    assert "example.jp" not in logged.text
    assert "no way" not in logged.text


def test_of_a_task_that_fails_the_run_and_the_errors_kind_are_told(logged: Logged) -> None:
    failure = (
        f'Failure {{ message: "{ADDRESS}", info: ApplicationFailureInfo {{ type: "OperationalError" }} }}'
    )
    log(
        "Failing workflow task",
        run_id="0198-run",
        workflow_id="enrolment-0123456789ABC",
        failure=failure,
    )

    (line,) = logged.of("temporalio.core")
    assert {name: line[name] for name in ("run_id", "reference", "error")} == {
        "run_id": "0198-run",
        "reference": "0123456789ABC",
        "error": "OperationalError",
    }
    assert "example.jp" not in logged.text


def test_a_core_that_does_not_answer_leaves_the_rest_of_a_scrape_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert list(CoreMetrics(port).collect()) == []
