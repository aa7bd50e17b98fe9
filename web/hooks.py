"""`POST /hooks/ca/{connector}`: a CA's nudge that the certificate of an order can be fetched.

Only a nudge: nobody believes what it says, the enrolment fetches and checks the certificate itself.
"""

import hmac
import json
from json import JSONDecodeError
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request, Response
from starlette import status

from domain.problem import RuleBroken
from domain.reference import Reference
from engine.unavailable import EngineUnavailable
from records import enrolments
from web.api_problems import LATER
from web.house import house_of
from web.telling import now
from workflows.messages import CertificateIssued

router = APIRouter(prefix="/hooks")

_MAXIMUM_BODY = 4096


@router.post("/ca/{connector}", status_code=status.HTTP_204_NO_CONTENT)
async def certificate_issued(request: Request, connector: str) -> Response:
    """Tell the enrolment that an order names; 204 whether it was waiting for that or not.

    401 without the connector's bearer key (RFC 6750), 404 for a connector or order that is not ours,
    422 for a body that is not `{"order_id": "…"}`, 503 with Retry-After while the engine is away.
    """
    house = house_of(request)
    _check_key(request, house.settings.ca_hook_key.get_secret_value())
    if connector != house.settings.authority:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    order_id = await _order_id(request)
    reference = _reference_in(order_id)
    async with house.database.begin() as session:
        if reference is None or await enrolments.holder(session, reference) is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND)
    # A message of its own each time: one that came too early must not silence the next.
    nudge = CertificateIssued(message_id=uuid4().hex, received_at=now(), order_id=order_id)
    try:
        await house.desk.tell(reference, nudge)
    except EngineUnavailable:
        return Response(status_code=status.HTTP_503_SERVICE_UNAVAILABLE, headers=LATER)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _check_key(request: Request, key: str) -> None:
    scheme, _space, given = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), key.encode())
    if scheme.lower() != "bearer" or not right:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})


async def _order_id(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAXIMUM_BODY:
            raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE)
    try:
        content = json.loads(body)
    except (JSONDecodeError, UnicodeDecodeError):
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT) from None
    order_id = content.get("order_id") if isinstance(content, dict) else None
    if not isinstance(order_id, str):
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT)
    return order_id


def _reference_in(order_id: str) -> str | None:
    """The enrolment that an order id `<reference>-<round>` names."""
    reference, _hyphen, round_ = order_id.rpartition("-")
    if not (round_.isascii() and round_.isdigit()):
        return None
    try:
        return reference if Reference.parse(reference).text == reference else None
    except RuleBroken:
        return None
