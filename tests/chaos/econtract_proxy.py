"""Between the system and the e-contract service: calls that come late, fail, are lost, or arrive twice."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from devstack.ports import LOOPBACK
from tests.chaos.plan import Fault, Mishap

_STATUS = {Fault.ERROR: b"500 Internal Server Error", Fault.AWAY: b"503 Service Unavailable"}
_CONNECTION = re.compile(rb"\r\nconnection:[^\r]*", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call, and the statuses with which the service itself answered it: none, one, or two."""

    method: str
    path: str
    body: bytes
    fault: Fault
    statuses: tuple[int, ...]


class EContractProxy:
    """Hands calls on to the port `to`, each in the way that is drawn for it, until `calm`."""

    def __init__(self, mishaps: Iterator[Mishap]) -> None:
        """Take what goes wrong with each call in turn."""
        self._mishaps = mishaps
        self.calm = False
        self.to = 0
        self.port = 0
        self.calls: list[Call] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a free port of loopback for the length of the block."""
        server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await _request(reader)
            mishap = Mishap(Fault.NONE, 0) if self.calm else next(self._mishaps)
            answer, statuses = await self._call(request, mishap)
            self._note(request, mishap.fault, statuses)
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def _call(self, request: bytes, mishap: Mishap) -> tuple[bytes, tuple[int, ...]]:
        """Give what the caller gets to see, which may be nothing, and what the service said."""
        match mishap.fault:
            case Fault.ERROR | Fault.AWAY as fault:
                return b"HTTP/1.1 " + _STATUS[fault] + b"\r\ncontent-length: 0\r\n\r\n", ()
            case Fault.CUT:
                return b"", ()
            case Fault.TWICE:
                answers = list(await asyncio.gather(self._hand_on(request), self._hand_on(request)))
            case fault:
                answers = [await self._hand_on(request)]
                if fault is Fault.LATE:
                    await asyncio.sleep(mishap.seconds)
        heard = b"" if mishap.fault is Fault.LOST else answers[0]
        return heard, tuple(int(answer[9:12]) for answer in answers if answer)

    async def _hand_on(self, request: bytes) -> bytes:
        """Give the service's answer; nothing if it is away, or dies before it has answered."""
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.to)
        except OSError:
            return b""
        try:
            writer.write(request)
            return await reader.read()
        except OSError:
            return b""
        finally:
            writer.close()

    def _note(self, request: bytes, fault: Fault, statuses: tuple[int, ...]) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _version = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        self.calls.append(Call(method, path, body, fault, statuses))


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request whole, as one that closes its connection (RFC 9112, 9.6)."""
    head = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return _CONNECTION.sub(b"", head) + b"\r\nConnection: close\r\n\r\n" + body
