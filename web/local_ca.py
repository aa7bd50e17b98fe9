"""What the embedded CA publishes: its CRL, its OCSP responder, its issuing certificate, under any host.

Served in clear HTTP as well: everything here is signed (RFC 5280, section 8).
"""

import base64
import binascii
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from authorities.local_crl import RevocationLists
from authorities.local_keys import CaKeys, load_or_create
from authorities.local_ocsp import OcspAnswer, OcspResponder, refuse_junk
from web.house import house_of

router = APIRouter(prefix="/ca/local")

KEPT = timedelta(seconds=2)
"""How long others may keep what a revocation changes: it shows within 5 s, of which the CA takes some."""
KEPT_CERTIFICATE = timedelta(minutes=5)
"""How long others may keep the issuing certificate, which no revocation changes."""

_MAXIMUM_REQUEST = 4096
# By HEAD a relying party asks whether there is a newer list; no server is without it (RFC 9110, section 9.1).
_READ = ["GET", "HEAD"]


@dataclass(frozen=True)
class Publisher:
    """The embedded CA's public side."""

    keys: CaKeys
    lists: RevocationLists
    responder: OcspResponder


async def publisher(request: Request) -> Publisher:
    """Give the embedded CA's public side, opened at the first request; 404 if another CA is in use."""
    house = house_of(request)
    if house.settings.authority != "local":
        raise HTTPException(404)
    state = request.app.state
    if not hasattr(state, "local_ca"):
        keys = await run_in_threadpool(load_or_create, house.settings.ca_dir)
        state.local_ca = Publisher(
            keys, RevocationLists(house.database, keys), OcspResponder(house.database, keys)
        )
    opened: Publisher = state.local_ca
    return opened


ThePublisher = Annotated[Publisher, Depends(publisher)]


@router.api_route("/issuing.crl", methods=_READ)
async def give_list(ca: ThePublisher) -> Response:
    """The certificate revocation list, DER (RFC 2585, section 4.2)."""
    crl = await ca.lists.current()
    response = Response(crl.der, media_type="application/pkix-crl")
    response.headers["ETag"] = f'"{crl.number}"'
    response.headers["Last-Modified"] = format_datetime(crl.this_update.astimezone(UTC), usegmt=True)
    return _kept(response, KEPT, crl.next_update)


@router.api_route("/issuing.cer", methods=_READ)
async def give_certificate(ca: ThePublisher) -> Response:
    """The issuing CA's certificate, DER (RFC 2585, section 4.1)."""
    response = Response(ca.keys.issuing.public_bytes(Encoding.DER), media_type="application/pkix-cert")
    return _kept(response, KEPT_CERTIFICATE, ca.keys.issuing.not_valid_after_utc)


@router.post("/ocsp")
async def answer_post(request: Request, ca: ThePublisher) -> Response:
    """An OCSP request in the body (RFC 6960, appendix A.1)."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAXIMUM_REQUEST:
            return _answer(refuse_junk())
    return _answer(await ca.responder.answer(bytes(body)))


@router.get("/ocsp")
@router.get("/ocsp/{question:path}")
async def answer_get(ca: ThePublisher, question: str = "") -> Response:
    """An OCSP request in the path, base64 (RFC 6960, appendix A.1)."""
    try:
        asked = base64.b64decode(question, validate=True)
    except binascii.Error:
        return _answer(refuse_junk())
    return _answer(await ca.responder.answer(asked))


def _answer(answer: OcspAnswer) -> Response:
    response = Response(answer.der, media_type="application/ocsp-response")
    if answer.until is None:
        # With a nonce it is for who asked only; a refusal may be over soon.
        response.headers["Cache-Control"] = "no-store"
        return response
    return _kept(response, KEPT, answer.until)


def _kept(response: Response, at_most: timedelta, until: datetime) -> Response:
    left = min(at_most, until - datetime.now(UTC))
    response.headers["Cache-Control"] = f"public, max-age={max(0, math.floor(left.total_seconds()))}"
    return response
