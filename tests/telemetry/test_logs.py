"""What is logged: facts by name on one line each, and nobody's data, whoever says it."""

import asyncio
import gc
import logging
import re
import sys
import threading
import warnings
from typing import Literal

import pytest
from structlog.contextvars import bound_contextvars

from telemetry import logs
from tests.chaos.log_lines import entries_in
from tests.logged import Logged

ADDRESS = "taro.takahashi@example.jp"
TICKET = "14f75199c-82f4-419b-8041-5f8631cb488ep"
TOKEN = "ab" * 32
SECRETS = (ADDRESS, TICKET, TOKEN)


class Named(Exception):
    """An error whose message tells who somebody is."""


def fail() -> None:
    """Fail because of somebody."""
    try:
        refuse()
    except Named as error:
        raise KeyError(TICKET) from error


def refuse() -> None:
    """Say who it is about."""
    raise Named(f"no mailbox {ADDRESS}")


def test_a_line_has_time_level_logger_what_happened_and_the_facts(logged: Logged) -> None:
    with bound_contextvars(reference="0123456789ABC"):
        logs.logger("jcan.test").info("entered a stage", stage="in_review", attempt=2)

    (line,) = logged.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "jcan.test",
        "event": "entered a stage",
        "stage": "in_review",
        "attempt": 2,
        "reference": "0123456789ABC",
    }


def test_an_error_is_told_by_kinds_and_places_with_what_it_came_from(logged: Logged) -> None:
    try:
        fail()
    except KeyError:
        logs.logger("jcan.test").exception("broken")

    (line,) = logged.lines
    assert line["error"] == "KeyError"
    kinds = [each for each in line["trace"] if not each.startswith("  ")]
    assert kinds == ["KeyError", "Named"]
    assert re.search(r"^  tests/telemetry/test_logs\.py:\d+ fail$", "\n".join(line["trace"]), re.MULTILINE)
    assert not any(secret in logged.text for secret in SECRETS)


def test_errors_of_a_group_are_told_each(logged: Logged) -> None:
    group = ExceptionGroup(ADDRESS, [Named(ADDRESS), ValueError(TOKEN)])
    logs.logger("jcan.test").error("broken", exc_info=group)

    assert logged.lines[0]["trace"] == ["ExceptionGroup", "Named", "ValueError"]
    assert not any(secret in logged.text for secret in SECRETS)


@pytest.mark.parametrize("profile", ["demo", "production"])
def test_what_a_library_logs_names_nobody(logged: Logged, profile: Literal["demo", "production"]) -> None:
    logs.set_up(profile, logged.stream)
    library = logging.getLogger("some.library")
    library.warning("GET https://x.example/leopalace/realregist/step1?onetimetoken=%s refused", TOKEN)
    library.warning("550 no such mailbox <%s>", ADDRESS)
    library.error("row (%s, 'x')\nDETAIL: Key (email)=(%s) exists", TICKET, ADDRESS)
    try:
        fail()
    except KeyError as error:
        library.exception("it failed: %s", error)

    assert not any(secret in logged.text for secret in SECRETS)
    assert "DETAIL" not in logged.text
    assert "https://x.example/leopalace/realregist/step1" in logged.text
    assert "KeyError" in logged.text


async def test_a_task_that_nobody_waited_for_names_nobody(logged: Logged) -> None:
    async def work() -> None:
        raise Named(ADDRESS)

    task = asyncio.create_task(work())
    await asyncio.wait({task})
    del task
    gc.collect()

    (line,) = logged.of("asyncio")
    assert (line["event"], line["error"]) == ("Task exception was never retrieved", "Named")
    assert ADDRESS not in logged.text


def test_the_end_of_a_process_and_of_a_thread_name_nobody(logged: Logged) -> None:
    try:
        fail()
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    assert [(line["level"], line["error"]) for line in logged.lines] == [("critical", "KeyError")] * 2
    assert not any(secret in logged.text for secret in SECRETS)


def test_of_an_object_only_its_kind_is_told(logged: Logged) -> None:
    logs.logger("jcan.test").info("found", what=Named(ADDRESS), several=[ADDRESS, Named(ADDRESS), 1, None])

    assert logged.lines[0]["what"] == "Named"
    assert logged.lines[0]["several"] == ["…", "Named", 1, None]


def test_a_warning_of_the_language_is_a_line(logged: Logged) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert logged.of("py.warnings")[0]["level"] == "warning"


def test_who_talks_too_much_is_not_listened_to(logged: Logged) -> None:
    logging.getLogger("httpx").info("HTTP Request: PUT https://x.example/credentials/%s", TOKEN)
    logging.getLogger("uvicorn.access").warning("GET /?onetimetoken=%s", TOKEN)
    logging.getLogger("temporalio.activity").warning("Completing activity as failed")
    logging.getLogger("uvicorn.error").info("Application startup complete.")

    assert [line["event"] for line in logged.lines] == ["Application startup complete."]


def test_in_a_demo_a_line_is_for_eyes_and_its_level_is_found_all_the_same(logged: Logged) -> None:
    logs.set_up("demo", logged.stream)
    logs.logger("jcan.test").warning("failed", activity="send_mail", error="MailDelayed", nothing=None)
    logs.logger("jcan.test").error("broken", exc_info=Named(ADDRESS))

    failed, broken = entries_in("worker", logged.text)
    assert failed.text.endswith("Z WARNING jcan.test: failed activity=send_mail error=MailDelayed")
    assert (failed.level, broken.level) == ("warning", "error")
    assert broken.text.endswith("jcan.test: broken error=Named\n    Named")


def test_in_production_the_level_of_a_line_is_found(logged: Logged) -> None:
    logs.logger("jcan.test").warning("failed")
    assert [entry.level for entry in entries_in("worker", logged.text)] == ["warning"]


def test_set_up_twice_everything_is_said_once(logged: Logged) -> None:
    logs.set_up("production", logged.stream)
    logs.logger("jcan.test").info("once")
    assert len(logged.lines) == 1
