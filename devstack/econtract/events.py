"""`POST /events`: an enrolment's stage has changed. Taken only with a signature that is right and fresh."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devstack.econtract.logbook import Logbook

TOLERANCE_SECONDS = 300
"""How far the sender's clock may be from ours, and how late an old message may be played again."""

_SIGNATURE_VERSION = "v1,"
_BODY_MAXIMUM = 64 * 1024


class _Data(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    reference: str = Field(max_length=100)
    tenant: str = Field(max_length=100)
    stage: str = Field(max_length=100)
    outcome: str | None = None
    serial: str | None = None


class _Event(BaseModel):
    type: str
    data: _Data


def event_calls(logbook: Logbook, key: bytes) -> APIRouter:
    """Give the call that takes events; `key` is the secret that we share with their sender."""
    calls = APIRouter()

    @calls.post("/events", status_code=HTTPStatus.NO_CONTENT)
    async def take(request: Request) -> Response:
        body = await request.body()
        if len(body) > _BODY_MAXIMUM:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not is_signed(key, request.headers, body, time.time()):
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        try:
            event = _Event.model_validate_json(body)
        except ValidationError:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY) from None
        told = event.data
        logbook.note_event(
            request.headers["webhook-id"], told.tenant, told.reference, told.stage, told.outcome, told.serial
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return calls


def is_signed(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Tell whether one of the signatures is right, and the message fresh (Standard Webhooks 1.0)."""
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp)) <= TOLERANCE_SECONDS):
        return False
    content = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode("ascii")
    given = headers.get("webhook-signature", "").split(" ")
    return any(
        hmac.compare_digest(signature.encode(), f"{_SIGNATURE_VERSION}{expected}".encode())
        for signature in given
    )
