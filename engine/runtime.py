"""The SDK's core in this process: what it logs goes into our log, what it measures among our metrics."""

import logging
import re
import socket
from collections.abc import Iterable, Iterator
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from prometheus_client import REGISTRY, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from domain.workflow_ids import facts_in

_LOOPBACK = "127.0.0.1"
_PATIENCE_SECONDS = 2.0
_TRIES = 5

# What fields of the core's own say; whole, they quote messages, and payloads in their bytes.
_CODE = re.compile(r"\bcode: '?(\w+)")
_KIND = re.compile(r'\btype: "(?P<type>\w+)"|\b(?P<named>[A-Z]\w*Error)\b')


def start(*, measured: bool) -> None:
    """Make the runtime that every client of this process uses; to be called before the first is made."""
    logger = logging.getLogger("temporalio.core")
    logger.addFilter(told)
    forwarding = LogForwardingConfig(
        logger,
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    logging_ = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding)
    if not measured:
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=logging_)))
        return
    runtime, port = _measured(logging_)
    Runtime.set_default(runtime)
    REGISTRY.register(CoreMetrics(port))


class CoreMetrics(Collector):
    """The core's metrics, which it serves at a port of its own on loopback; scraped, they are among ours."""

    def __init__(self, port: int) -> None:
        """Take the core's port."""
        self._url = f"http://{_LOOPBACK}:{port}/metrics"

    def describe(self) -> Iterable[Metric]:
        """Give nothing: which there are shows with the work."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give what the core has measured so far."""
        try:
            # Never through a proxy.
            with build_opener(ProxyHandler({})).open(self._url, timeout=_PATIENCE_SECONDS) as answer:
                text: str = answer.read().decode("utf-8")
        except (URLError, OSError):
            return
        yield from text_string_to_metric_families(text)


def _measured(logging_: LoggingConfig) -> tuple[Runtime, int]:
    """Make a runtime that serves its metrics on a free port. Raises ValueError if none can be had."""
    for _ in range(_TRIES - 1):
        try:
            return _measured_once(logging_)
        except ValueError:
            # Somebody else took the port in between.
            continue
    return _measured_once(logging_)


def _measured_once(logging_: LoggingConfig) -> tuple[Runtime, int]:
    with socket.create_server((_LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
    metrics = PrometheusConfig(
        f"{_LOOPBACK}:{port}", counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    return Runtime(telemetry=TelemetryConfig(logging=logging_, metrics=metrics)), port


def told(record: logging.LogRecord) -> bool:
    """Take from the core's fields what tells an operator something, and nobody's data."""
    log = getattr(record, "temporal_log", None)
    fields: dict[str, object] = {} if log is None else log.fields
    everything = " ".join(str(value) for value in fields.values())
    code, kind = _CODE.search(everything), _KIND.search(everything)
    facts = {
        **facts_in(str(fields.get("workflow_id", ""))),
        "run_id": fields.get("run_id"),
        "code": code and code[1],
        "error": kind and (kind["type"] or kind["named"]),
    }
    record.facts = {name: fact for name, fact in facts.items() if fact is not None}
    return True
