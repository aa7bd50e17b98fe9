"""What our processes write to their logs: one line for each thing, with its facts by name.

Nobody is named there. An exception is told by its kind and where it was raised, for its message may quote a
person. Of what a library says, the first line counts: what follows shows the objects concerned. And out of
every word, whoever says it, is cut what looks like an address, a ticket number, a token or a URL's query.
"""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, TextIO, cast

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import BoundLogger, ProcessorFormatter, filter_by_level
from structlog.typing import EventDict, Processor, WrappedLogger

_ROOT = Path(__file__).resolve().parent.parent
_NEVER = logging.CRITICAL + 1

_LEVELS = {
    "jcan": logging.INFO,
    "temporalio": logging.INFO,
    # A failed attempt is told in a line of ours: engine/attempts.py.
    "temporalio.activity": logging.ERROR,
    "uvicorn": logging.INFO,
    # It would keep tokens (query strings); web/safety.py tells of requests.
    "uvicorn.access": _NEVER,
}
"""From which level on somebody is listened to; everybody else from a warning on."""

_JSON = json.JSONEncoder(ensure_ascii=False)

_CUT = "…"
_TICKET = 38  # characters; a token has more
_TELLING = re.compile(
    r"[^\s\"'<>()\[\]{},;=]+@[^\s\"'<>()\[\]{},;]+"
    r"|\b1[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}p\b"
    r"|[0-9a-f]{64,}"
    r"|(?<=\?)[\w%.~-]+=[^\s\"']*",
    re.IGNORECASE,
)


def logger(name: str) -> BoundLogger:
    """Give a logger; `log.info("what happened", reference=…)`, and `exc_info=error` for an exception."""
    wrapped = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[filter_by_level, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast(BoundLogger, wrapped)


def set_up(profile: Literal["demo", "production"], stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process written to standard error, or to a stream.

    In production as JSON, a line each; in a demo for people's eyes.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(_as_json if profile == "production" else _for_eyes))
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each.formatter, ProcessorFormatter)]:
        root.removeHandler(before)
    root.addHandler(handler)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _tell_of_the_end
    threading.excepthook = _tell_of_a_threads_end


def trace_of(error: BaseException) -> list[str]:
    """Give the kinds and places of an error and its causes, not their messages, which may quote people."""
    lines = list[str]()
    for each in _with_causes(error):
        lines.append(type(each).__qualname__)
        frames = traceback.extract_tb(each.__traceback__)
        lines += [f"  {_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return lines


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for each in seen.exceptions:
                yield from _with_causes(each)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _place(file: str) -> str:
    """Name a file of ours from the repository on, one of a library's from its package on."""
    _folder, installed, package = file.rpartition("/site-packages/")
    return package if installed else file.removeprefix(f"{_ROOT}/")


def _formatter(renderer: Processor) -> ProcessorFormatter:
    return ProcessorFormatter(
        processors=[merge_contextvars, _with_origin, _with_error, _without_people, renderer]
    )


def _with_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put time, level and who says it in front."""
    record: logging.LogRecord = event.pop("_record")
    ours: bool = event.pop("_from_structlog")
    said = str(event.pop("event")) if ours else _first_line(str(event.pop("event")))
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    origin = {
        "time": time.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": said,
    }
    return origin | dict(event) | getattr(record, "facts", {})


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _with_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put an exception's kinds and places where the exception was."""
    event.pop("stack_info", None)
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.setdefault("error", type(error).__qualname__)
        event["trace"] = trace_of(error)
    return event


def _without_people(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _harmless(value) for name, value in event.items()}


def _harmless(value: object) -> object:
    match value:
        case str():
            return _TELLING.sub(_CUT, value) if _may_tell(value) else value
        case None | bool() | int() | float():
            return value
        case list():
            return [_harmless(each) for each in value]
        case _:
            # What an object says of itself nobody has looked at.
            return type(value).__name__


def _may_tell(text: str) -> bool:
    """Tell whether it is worth looking closer: most words are short and plain."""
    return len(text) >= _TICKET or "@" in text or "?" in text


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _JSON.encode(event)


def _for_eyes(_: WrappedLogger, __: str, event: EventDict) -> str:
    time, level, name, said = (event.pop(each) for each in ("time", "level", "logger", "event"))
    below = "".join(f"\n    {line}" for line in event.pop("trace", []))
    facts = "".join(f" {fact}={value}" for fact, value in event.items() if value is not None)
    return f"{time} {level.upper():<7} {name}: {said}{facts}{below}"


def _tell_of_the_end(
    kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger("jcan").critical("this process ends, nobody caught an error", exc_info=error)


def _tell_of_a_threads_end(ended: threading.ExceptHookArgs) -> None:
    logger("jcan").critical("a thread ends, nobody caught an error", exc_info=ended.exc_value)
