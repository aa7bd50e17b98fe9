"""The mail server and the e-contract service as the stack meets them: there, away, or refusing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from devstack.ports import LOOPBACK


class Counterpart:
    """What listens on a port of its own, and hands on to the port `to` of the stack's stand-in."""

    def __init__(self) -> None:
        """`come()` makes it answer."""
        self.port = 0
        self.to = 0
        self._server: asyncio.Server | None = None

    async def come(self) -> None:
        """Listen, on the same port each time."""
        self._server = await self._listen()
        self.port = self._server.sockets[0].getsockname()[1]

    def go(self) -> None:
        """Refuse every connection from now on."""
        if self._server is not None:
            self._server.close()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Be away for the length of the block."""
        self.go()
        try:
            yield
        finally:
            self.go()
            await self.come()

    async def _listen(self) -> asyncio.Server:
        raise NotImplementedError


class MailServer(Counterpart):
    """Takes mail and hands it on to the mail catcher, but to nobody while it is refusing."""

    def __init__(self) -> None:
        """Refuse nobody yet."""
        super().__init__()
        self._refuses = False

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Have no mailbox for anybody for the length of the block."""
        self._refuses = True
        try:
            yield
        finally:
            self._refuses = False

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, hostname="localhost"), LOOPBACK, self.port)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say whether there is such a mailbox."""
        if self._refuses:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Hand a mail on."""
        content = envelope.original_content or b""
        await aiosmtplib.send(
            content,
            hostname=LOOPBACK,
            port=self.to,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            start_tls=False,
        )
        return "250 2.0.0 OK"


class Service(Counterpart):
    """The way to the e-contract service."""

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._hand_on, LOOPBACK, self.port)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, away = await asyncio.open_connection(LOOPBACK, self.to)
            await asyncio.gather(_pour(reader, away), _pour(there, writer))


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(65536):
            target.write(part)
            await target.drain()
    target.close()
