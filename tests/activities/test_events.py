"""Delivering an event: signed, the same however often it is sent, and only 2xx is an answer."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import events
from activities.events import Events, StageChanged
from domain.stage import Outcome, Stage
from settings import Settings

AT = datetime(2026, 11, 24, 1, 10, 45, 123456, tzinfo=UTC)
EVENT = StageChanged(
    reference="04HMASW9NF6YF", tenant="leopalace", sequence=3, stage=Stage.AWAITING_APPROVAL, at=AT
)


@dataclass
class Receiver:
    """The e-contract service's end; `answers` are its status codes in order, the last one for ever."""

    answers: list[int] = field(default_factory=lambda: [204])
    requests: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Take one request."""
        self.requests.append(request)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(status, headers={"Location": "http://127.0.0.1:9/elsewhere"})


async def deliver(
    settings: Settings, transport: httpx.AsyncBaseTransport | None, event: StageChanged = EVENT
) -> None:
    await ActivityEnvironment().run(Events(settings, transport).deliver, event)


async def test_an_event_is_signed_as_standard_webhooks_say(settings: Settings) -> None:
    receiver = Receiver()
    await deliver(settings, httpx.MockTransport(receiver))

    [request] = receiver.requests
    assert (request.method, str(request.url)) == ("POST", "http://127.0.0.1:8100/events")
    sent = request.headers
    age = datetime.now(UTC) - datetime.fromtimestamp(int(sent["webhook-timestamp"]), UTC)
    assert timedelta(0) <= age < timedelta(minutes=1)
    secret = base64.b64decode(settings.econtract_webhook_secret.get_secret_value().removeprefix("whsec_"))
    content = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.{request.content.decode()}"
    mac = hmac.new(secret, content.encode(), hashlib.sha256).digest()
    assert sent["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'

    headers = events.signed(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), body
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_event_says_what_changed_and_names_nobody(settings: Settings) -> None:
    receiver = Receiver()
    issued = EVENT.model_copy(update={"stage": Stage.ISSUED, "outcome": Outcome.INSTALLED, "serial": "0a1b"})
    await deliver(settings, httpx.MockTransport(receiver), issued)

    assert json.loads(receiver.requests[0].content) == {
        "type": "enrolment.stage_changed",
        "timestamp": "2026-11-24T01:10:45Z",
        "data": {
            "reference": "04HMASW9NF6YF",
            "tenant": "leopalace",
            "stage": "issued",
            "outcome": "installed",
            "serial": "0a1b",
        },
    }


async def test_a_worker_killed_after_the_delivery_sends_the_same_event_again(settings: Settings) -> None:
    receiver = Receiver()
    for _ in range(2):
        await deliver(settings, httpx.MockTransport(receiver))

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.content == second.content


def test_another_change_is_another_event() -> None:
    others = [
        EVENT.model_copy(update=change)
        for change in ({"sequence": 4}, {"stage": Stage.WITHDRAWN}, {"reference": "04HMASW9NF6YG"})
    ]

    assert len({EVENT.event_id, *(other.event_id for other in others)}) == 4


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_every_2xx_is_an_answer(settings: Settings, status: int) -> None:
    await deliver(settings, httpx.MockTransport(Receiver([status])))


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503])
async def test_every_other_answer_is_tried_again_and_a_redirect_not_followed(
    settings: Settings, status: int
) -> None:
    receiver = Receiver([status, 204])
    transport = httpx.MockTransport(receiver)

    with pytest.raises(ApplicationError, match=f"answers {status}") as raised:
        await deliver(settings, transport)

    assert not raised.value.non_retryable
    assert [request.url.port for request in receiver.requests] == [8100]
    await deliver(settings, transport)


async def test_a_receiver_that_is_down_is_tried_again(settings: Settings) -> None:
    nobody = settings.model_copy(update={"econtract_url": "http://127.0.0.1:1"})

    with pytest.raises(ApplicationError, match="does not answer") as raised:
        await deliver(nobody, None)

    assert not raised.value.non_retryable
    assert raised.value.__cause__ is None


async def test_a_receiver_that_drips_is_as_good_as_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "TIMEOUT_SECONDS", 0.2)

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 2")
        await writer.drain()

    async with listening(drip) as url:
        with pytest.raises(ApplicationError, match="does not answer"):
            await deliver(settings.model_copy(update={"econtract_url": url}), None)


async def test_a_receiver_that_hangs_up_half_way_is_tried_again(settings: Settings) -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(hang_up) as url:
        with pytest.raises(ApplicationError, match="does not answer"):
            await deliver(settings.model_copy(update={"econtract_url": url}), None)


async def test_an_endless_answer_is_not_read(settings: Settings) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n...")
        await writer.drain()

    async with listening(talk) as url:
        await deliver(settings.model_copy(update={"econtract_url": url}), None)


@asynccontextmanager
async def listening(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Listen as a receiver that answers each request in its own way, and keeps the connection open."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
