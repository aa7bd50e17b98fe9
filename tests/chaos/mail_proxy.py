"""Between the system and the mail server: mails taken late, put off, cut off, or taken without a word."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from devstack.ports import LOOPBACK
from tests.chaos.plan import Fault, Mishap
from tests.running.waiting import until

_LATER = b"451 4.3.2 Try again later\r\n"
_LIMIT = 2**20  # bytes of one line


class MailProxy:
    """Hands SMTP sessions on to the port `to`, each in the way that is drawn for it, until `calm`."""

    def __init__(self, mishaps: Iterator[Mishap]) -> None:
        """Take what goes wrong with each session in turn."""
        self._mishaps = mishaps
        self.calm = False
        self.to = 0
        self.port = 0
        self.sessions: Counter[Fault] = Counter()
        self._open = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a free port of loopback for the length of the block; it ends when every session has."""
        server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_LIMIT)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield
        await until(self._is_quiet, "every session has ended")

    async def _is_quiet(self) -> bool:
        return self._open == 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mishap = Mishap(Fault.NONE, 0) if self.calm else next(self._mishaps)
        self.sessions[mishap.fault] += 1
        self._open += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            there, away = await asyncio.open_connection(LOOPBACK, self.to)
            try:
                await _Session(reader, writer, there, away, mishap).relay()
            finally:
                away.close()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self._open -= 1


class _Session:
    """One session (RFC 5321), one mishap."""

    def __init__(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        mishap: Mishap,
    ) -> None:
        self._client = client
        self._to_client = to_client
        self._server = server
        self._to_server = to_server
        self._mishap = mishap

    async def relay(self) -> None:
        """Hand on each command and its reply, until one side closes or the session is cut."""
        await self._reply(await self._heard())
        while line := await self._client.readline():
            verb, fault = line[:4].upper(), self._mishap.fault
            if verb == b"RCPT" and fault is Fault.LATER:
                await self._reply(_LATER)
            elif verb == b"DATA" and fault is Fault.CUT:
                return
            else:
                self._to_server.write(line)
                reply = await self._heard()
                if verb == b"DATA" and reply.startswith(b"354"):
                    await self._reply(reply)
                    reply = await self._message()
                    if fault is Fault.LOST:
                        return
                await self._reply(reply)

    async def _message(self) -> bytes:
        """Hand the message on to its final dot, and give the server's word on it."""
        while (line := await self._client.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            self._to_server.write(line)
        self._to_server.write(line)
        reply = await self._heard()
        if self._mishap.fault is Fault.LATE:
            await asyncio.sleep(self._mishap.seconds)
        return reply

    async def _heard(self) -> bytes:
        """Read a reply of one or more lines (RFC 5321, 4.2.1)."""
        lines = [await self._server.readuntil(b"\n")]
        while lines[-1][3:4] == b"-":
            lines.append(await self._server.readuntil(b"\n"))
        return b"".join(lines)

    async def _reply(self, reply: bytes) -> None:
        self._to_client.write(reply)
        await self._to_client.drain()
