"""`/codec`: decodes payloads for the Temporal UI and CLI, for administrators only, and writes down for whom.

The protocol is Temporal's: `{"payloads": […]}` is posted, each payload in protobuf's JSON; so is the answer.
"""

from fastapi import APIRouter, HTTPException, Request, Response
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette import status
from temporalio.api.common.v1 import Payloads

from engine.remote_codec import Decoded, RemoteCodec
from records import operators
from records.operators import Operator, Role
from web.console.access import NotAllowed, NotSignedIn, administrator, at_the_door, note, signed_in
from web.house import house_of

router = APIRouter(prefix="/codec")

MAXIMUM_BODY = 16 * 1024 * 1024
NAMED_REFERENCES = 50
"""How many references an audit entry names; a page of the UI shows one run, or a list of runs."""


@router.post("/decode")
async def decode(request: Request) -> Response:
    """Open payloads. 401 for strangers, 403 for reviewers, 400 for what is no list of payloads."""
    operator = await _reader(request)
    payloads = await _posted(request)
    decoded = await RemoteCodec(house_of(request).vault).decode(payloads.payloads)
    if decoded.opened or decoded.erased or decoded.unreadable:
        await _note(request, operator, decoded)
    return _answer(Payloads(payloads=decoded.payloads))


@router.post("/encode")
async def encode(request: Request) -> Response:
    """Seal payloads under the operators' key; the workers open them like any other."""
    await _reader(request)
    payloads = await _posted(request)
    encoded = await RemoteCodec(house_of(request).vault).encode(payloads.payloads)
    return _answer(Payloads(payloads=encoded))


async def _reader(request: Request) -> Operator:
    """Who asks: by an API key (RFC 6750) the CLI, by the session's cookie the UI."""
    scheme, _space, key = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return await administrator(await signed_in(await at_the_door(request)))
    async with house_of(request).database.begin() as session:
        operator = await operators.by_api_key(session, key.strip())
    if scheme.lower() != "bearer" or operator is None:
        raise NotSignedIn
    if operator.role is not Role.ADMINISTRATOR:
        raise NotAllowed
    return operator


async def _posted(request: Request) -> Payloads:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise HTTPException(413)
    try:
        return Parse(bytes(body), Payloads(), ignore_unknown_fields=True)
    except (ParseError, UnicodeDecodeError):
        raise HTTPException(status.HTTP_400_BAD_REQUEST) from None


async def _note(request: Request, operator: Operator, decoded: Decoded) -> None:
    references = sorted(decoded.references)
    await note(
        request,
        operator.actor,
        "decoded",
        references[0] if len(references) == 1 else None,
        payloads=decoded.opened,
        erased=decoded.erased,
        unreadable=decoded.unreadable,
        references=" ".join(references[:NAMED_REFERENCES]),
    )


def _answer(payloads: Payloads) -> Response:
    return Response(MessageToJson(payloads, indent=None), media_type="application/json")
