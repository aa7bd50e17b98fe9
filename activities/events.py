"""Telling the e-contract service that an enrolment's stage has changed, by a signed webhook.

Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`, an HMAC-SHA256 over
`id.timestamp.body`. The same event has the same id and the same body however often it is sent, so that the
receiver can tell a repetition; timestamp and signature are each attempt's own. An event names nobody.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.stage import Outcome, Stage
from settings import Settings

TIMEOUT_SECONDS = 20.0
"""For the whole of one attempt: a receiver that drips its answer is as good as away."""

TYPE = "enrolment.stage_changed"


class StageChanged(BaseModel):
    """An enrolment has entered a stage; `sequence` counts its changes from 1."""

    model_config = ConfigDict(frozen=True)

    reference: str
    tenant: str
    sequence: int
    stage: Stage
    outcome: Outcome | None = None
    serial: str | None = None
    at: AwareDatetime

    @property
    def event_id(self) -> str:
        """What the receiver knows it by; with the stage, for a run that was reset may take another turn."""
        return f"msg_{self.reference}_{self.sequence}_{self.stage}"

    @property
    def body(self) -> bytes:
        """What is sent, byte for byte the same each time."""
        content = {
            "type": TYPE,
            "timestamp": self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "data": {
                "reference": self.reference,
                "tenant": self.tenant,
                "stage": self.stage.value,
                "outcome": self.outcome.value if self.outcome else None,
                "serial": self.serial,
            },
        }
        return json.dumps(content, separators=(",", ":")).encode()


class Events:
    """The activity that delivers an event."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take the service's URL and the key we share; `transport` carries the calls, HTTP if not given."""
        self._url = f"{settings.econtract_url}/events"
        self._key = settings.webhook_key
        # One client, for making one costs more than a call; no connection is kept, for the receiver may close
        # it in the moment in which the next call goes out.
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
        )

    @activity.defn(name="deliver_event")
    async def deliver(self, event: StageChanged) -> None:
        """Send the event; any answer but 2xx, a redirect too, is an ApplicationError, to be tried again."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status = await self._post(event)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _undelivered(f"the receiver of events does not answer ({type(error).__name__})") from None
        if not httpx.codes.is_success(status):
            raise _undelivered(f"the receiver of events answers {status}")

    async def _post(self, event: StageChanged) -> int:
        headers = {"Content-Type": "application/json"} | signed(
            self._key, event.event_id, datetime.now(UTC), event.body
        )
        # The answer's body is nobody's business: it is not even read.
        async with self._client.stream("POST", self._url, content=event.body, headers=headers) as answer:
            return answer.status_code


def signed(key: bytes, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Give the three headers that sign a body at a moment (Standard Webhooks 1.0, symmetric signatures)."""
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(mac.digest()).decode('ascii')}",
    }


def _undelivered(sentence: str) -> ApplicationError:
    return ApplicationError(sentence, type="EventUndelivered")
