"""That the proxies do to calls and mails what the plan says."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat

import aiosmtplib
import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from devstack.ports import LOOPBACK
from tests.chaos.econtract_proxy import EContractProxy
from tests.chaos.mail_proxy import MailProxy
from tests.chaos.plan import Fault, Mishap

MESSAGE = b"From: a@example.jp\r\nTo: b@example.jp\r\n\r\n.one dot\r\nline\r\n"


def always(fault: Fault) -> Iterator[Mishap]:
    return repeat(Mishap(fault, 0.0))


class Service:
    """An HTTP service that hears bodies, and answers 204."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.heard.append(await reader.readexactly(4))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()


class Letterbox:
    """A mail server's end that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        self.kept.append(envelope.original_content or b"")
        return "250 2.0.0 OK"


@pytest.mark.parametrize(
    ("fault", "answered", "heard"),
    [
        pytest.param(Fault.NONE, 204, 1, id="none"),
        pytest.param(Fault.LATE, 204, 1, id="late"),
        pytest.param(Fault.ERROR, 500, 0, id="500"),
        pytest.param(Fault.AWAY, 503, 0, id="503"),
        pytest.param(Fault.CUT, None, 0, id="cut"),
        pytest.param(Fault.LOST, None, 1, id="lost"),
        pytest.param(Fault.TWICE, 204, 2, id="twice"),
    ],
)
async def test_a_call_of_the_service(fault: Fault, answered: int | None, heard: int) -> None:
    service, proxy = Service(), EContractProxy(always(fault))
    server = await asyncio.start_server(service.serve, LOOPBACK, 0)
    proxy.to = server.sockets[0].getsockname()[1]
    async with server, proxy.serving(), httpx.AsyncClient(trust_env=False) as client:
        try:
            answer = await client.put(f"http://{LOOPBACK}:{proxy.port}/a", content=b"body")
            status = answer.status_code
        except httpx.TransportError:
            status = None
    assert status == answered
    assert service.heard == [b"body"] * heard
    (call,) = proxy.calls
    assert (call.method, call.path, call.body, call.fault) == ("PUT", "/a", b"body", fault)
    assert call.statuses == (204,) * heard


@pytest.mark.parametrize(
    ("fault", "accepted", "kept"),
    [
        pytest.param(Fault.NONE, True, 1, id="none"),
        pytest.param(Fault.LATE, True, 1, id="late"),
        pytest.param(Fault.LATER, False, 0, id="451"),
        pytest.param(Fault.CUT, False, 0, id="cut"),
        pytest.param(Fault.LOST, False, 1, id="lost"),
    ],
)
async def test_a_session_with_the_mail_server(fault: Fault, accepted: bool, kept: int) -> None:  # noqa: FBT001
    async with letterbox() as (box, port):
        proxy = MailProxy(always(fault))
        proxy.to = port
        async with proxy.serving():
            assert await send(proxy.port) is accepted
    assert box.kept == [MESSAGE] * kept
    assert proxy.sessions == {fault: 1}


async def test_calm_nothing_goes_wrong() -> None:
    async with letterbox() as (box, port):
        proxy = MailProxy(always(Fault.CUT))
        proxy.to, proxy.calm = port, True
        async with proxy.serving():
            assert await send(proxy.port)
    assert box.kept == [MESSAGE]


@asynccontextmanager
async def letterbox() -> AsyncIterator[tuple[Letterbox, int]]:
    """A mail server, and its port."""
    box = Letterbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="localhost"), LOOPBACK, 0)
    async with server:
        yield box, server.sockets[0].getsockname()[1]


async def send(port: int) -> bool:
    """Send the message; tell whether it was accepted."""
    try:
        async with aiosmtplib.SMTP(hostname=LOOPBACK, port=port, timeout=10) as client:
            await client.sendmail("a@example.jp", ["b@example.jp"], MESSAGE)
    except aiosmtplib.SMTPException:
        return False
    return True
