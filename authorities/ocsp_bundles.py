"""OCSP with several questions in one request, and as many answers in one response (RFC 6960, section 4).

The library reads and writes one at a time; here a request is taken apart, and the answers are put together.
"""

from collections.abc import Sequence
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

# What is explicitly tagged and not looked into is a list of the one thing inside: it is written alike.


@asn1.sequence
class _TbsRequest:
    """TBSRequest of section 4.1.1; the first version is the only one, and left out."""

    requestor: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    questions: list[asn1.TLV]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(2)]


@asn1.sequence
class _Request:
    """OCSPRequest of section 4.1.1."""

    tbs: _TbsRequest
    signature: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]


@asn1.sequence
class _ResponseData:
    """ResponseData of section 4.2.1."""

    responder: asn1.TLV
    produced_at: asn1.TLV
    answers: list[asn1.TLV]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _BasicResponse:
    """BasicOCSPResponse of section 4.2.1."""

    data: _ResponseData
    algorithm: asn1.TLV
    signature: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]


@asn1.sequence
class _ResponseBytes:
    """ResponseBytes of section 4.2.1."""

    kind: x509.ObjectIdentifier
    response: bytes


@asn1.sequence
class _Response:
    """OCSPResponse of section 4.2.1, one that is successful."""

    status: asn1.TLV
    content: Annotated[_ResponseBytes, asn1.Explicit(0)]


def split(request: bytes) -> list[bytes]:
    """Give a DER request for each question of a DER request, with its extensions. Raises ValueError."""
    tbs = asn1.decode_der(_Request, request).tbs
    return [
        asn1.encode_der(
            _Request(
                tbs=_TbsRequest(requestor=None, questions=[question], extensions=tbs.extensions),
                signature=None,
            )
        )
        for question in tbs.questions
    ]


def join(responses: Sequence[bytes], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give one DER response with all answers of several, signed anew by the key that has signed them.

    Responder, time, extensions and certificates are those of the first.
    """
    first = asn1.decode_der(_Response, responses[0])
    basic = _basic(responses[0])
    data = _ResponseData(
        responder=basic.data.responder,
        produced_at=basic.data.produced_at,
        answers=[answer for each in responses for answer in _basic(each).data.answers],
        extensions=basic.data.extensions,
    )
    signed = _BasicResponse(
        data=data,
        algorithm=basic.algorithm,
        signature=asn1.BitString(key.sign(asn1.encode_der(data), ec.ECDSA(SHA256())), 0),
        certificates=basic.certificates,
    )
    content = _ResponseBytes(kind=first.content.kind, response=asn1.encode_der(signed))
    return asn1.encode_der(_Response(status=first.status, content=content))


def _basic(response: bytes) -> _BasicResponse:
    return asn1.decode_der(_BasicResponse, asn1.decode_der(_Response, response).content.response)
