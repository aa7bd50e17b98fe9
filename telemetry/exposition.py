"""Where Prometheus finds a process's metrics: a port of its own, which nobody publishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.registry import Collector

from settings import Settings
from telemetry.logs import logger

_log = logger("jcan.metrics")


@asynccontextmanager
async def exposed(settings: Settings, *collectors: Collector) -> AsyncIterator[None]:
    """Serve the process's metrics for the length of the block, if the settings name a port.

    If it cannot be listened on, that is logged and all: nobody's work is to depend on its being watched.
    """
    if settings.metrics_port is None:
        yield
        return
    for each in collectors:
        REGISTRY.register(each)
    server = _listening(settings.metrics_host, settings.metrics_port)
    try:
        yield
    finally:
        if server is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
        for each in collectors:
            REGISTRY.unregister(each)


def _listening(host: str, port: int) -> WSGIServer | None:
    try:
        server, _thread = start_http_server(port, host)
    except OSError as error:
        _log.error("the metrics cannot be served", port=port, why=error.strerror)
        return None
    return server
