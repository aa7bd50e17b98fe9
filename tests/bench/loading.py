"""`python -m tests.bench.loading`: a process that makes load, the same for everything that is compared.

Each line on its standard input is an `Order`, each line on its standard output a `Load`. It speaks HTTP/1.1
by itself, as little of it as is needed: what it costs is small beside what any front costs.
"""

import asyncio
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count

from pydantic import BaseModel

from devstack.ports import LOOPBACK

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_PATIENCE = 30.0  # seconds for one answer
_LEAST = 2  # answers, which a percentile needs, however short the time
_networks = count(1)


class Order(BaseModel):
    """Which page to open how often: until `seconds` are over or `requests` made, by `connections` at once."""

    port: int
    path: str
    cookie: str = ""
    connections: int = 8
    requests: int = 20_000
    seconds: float = 1.0


class Load(BaseModel):
    """What came of it; the answers' times in milliseconds."""

    requests: int
    per_second: float
    median: float
    p95: float
    failed: int


class Generator:
    """The process that makes load."""

    def __init__(self, process: Process) -> None:
        """Take the running process."""
        self._process = process

    async def make(self, order: Order) -> Load:
        """Have an order carried out. Raises RuntimeError if an answer was no page."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("nobody to talk to")
        self._process.stdin.write(order.model_dump_json().encode() + b"\n")
        load = Load.model_validate_json(await self._process.stdout.readline())
        if load.failed:
            raise RuntimeError(f"{order.path}: {load.failed} of {load.requests} answers were no page")
        return load


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """Run the process for the length of the block."""
    command = [sys.executable, "-m", "tests.bench.loading"]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield Generator(process)
    finally:
        process.kill()
        await process.wait()


async def carry_out(order: Order) -> Load:
    """Make the load that is ordered."""
    took: list[float] = []
    failed: list[int] = []
    turns = iter(range(order.requests))
    began = time.perf_counter()

    async def person() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, order.port)
        for _ in turns:
            sent = time.perf_counter()
            writer.write(_request(order))
            async with asyncio.timeout(_PATIENCE):
                status = await _answer(reader)
            took.append((time.perf_counter() - sent) * 1000)
            if status != HTTPStatus.OK:
                failed.append(status)
            if len(took) >= _LEAST and time.perf_counter() - began > order.seconds:
                break
        writer.close()

    await asyncio.gather(*(person() for _ in range(order.connections)))
    seconds = time.perf_counter() - began
    return Load(
        requests=len(took),
        per_second=len(took) / seconds,
        median=statistics.median(took),
        p95=statistics.quantiles(took, n=20, method="inclusive")[-1],
        failed=len(failed),
    )


def _request(order: Order) -> bytes:
    """Ask as a browser does behind our proxy, each time from another network."""
    high, low = divmod(next(_networks), 256)
    lines = [
        f"GET {order.path} HTTP/1.1",
        f"Host: {LOOPBACK}:{order.port}",
        "Accept: text/html",
        "Accept-Language: ja",
        f"X-Forwarded-For: 10.{high % 256}.{low}.1",
        *([f"Cookie: {order.cookie}"] if order.cookie else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read an answer whole and give its status."""
    head = await reader.readuntil(_END_OF_HEAD)
    start = head.lower().index(_LENGTH) + len(_LENGTH)
    await reader.readexactly(int(head[start : head.index(b"\r", start)]))
    return int(head[9:12])


def main() -> None:
    """Carry out orders until the input ends."""
    for line in sys.stdin:
        load = asyncio.run(carry_out(Order.model_validate_json(line)))
        print(load.model_dump_json(), flush=True)  # noqa: T201 - this is how it is heard


if __name__ == "__main__":
    main()
