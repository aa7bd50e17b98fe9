"""What the embedded CA publishes through the web front."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from fastapi import FastAPI

from authorities.connector import CertificateRequest, serial_text
from authorities.local import LocalAuthority
from authorities.local_clerk import Clerk
from domain.revocation import RevocationReason
from records.database import Database
from settings import Settings
from tests.authorities.test_local import Hook
from tests.certification import TARO, key_in, make_csr
from tests.web.conftest import Visitor

BINARY = {"Content-Type": "application/ocsp-request"}


@pytest.fixture
async def authority(database: Database, settings: Settings) -> LocalAuthority:
    """The CA, working beside the web front on the same books and keys."""
    return LocalAuthority(database, settings.model_copy(update={"issuance_delay": timedelta(0)}))


@pytest.fixture
async def certificate(authority: LocalAuthority, database: Database, settings: Settings) -> x509.Certificate:
    """A certificate of it."""
    await authority.order(CertificateRequest("ORDER-1", TARO, key_in(make_csr()), 1))
    await Clerk(database, settings, authority, Hook().transport).round()
    return (await authority.fetch("ORDER-1")).certificate


def question(authority: LocalAuthority, certificate: x509.Certificate, nonce: bytes = b"") -> bytes:
    """A DER request about a certificate."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, authority.keys.issuing, SHA256())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def max_age(response: httpx.Response) -> int:
    """For how many seconds an answer may be kept."""
    found = re.search(r"max-age=([0-9]+)", response.headers["Cache-Control"])
    assert found
    return int(found[1])


async def test_the_list_shows_a_revocation_and_is_kept_for_less_than_five_seconds(
    visitor: Visitor, authority: LocalAuthority, certificate: x509.Certificate
) -> None:
    before = await visitor.client.get("/ca/local/issuing.crl")
    assert before.headers["Content-Type"] == "application/pkix-crl"
    assert 0 < max_age(before) < 5
    assert len(x509.load_der_x509_crl(before.content)) == 0
    await authority.revoke(serial_text(certificate.serial_number), RevocationReason.SUPERSEDED)
    after = await visitor.client.get("/ca/local/issuing.crl")
    crl = x509.load_der_x509_crl(after.content)
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    assert after.headers["ETag"] != before.headers["ETag"]


async def test_the_issuing_certificate_is_where_the_certificates_say(
    visitor: Visitor, certificate: x509.Certificate
) -> None:
    response = await visitor.client.get("/ca/local/issuing.cer")
    assert response.headers["Content-Type"] == "application/pkix-cert"
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(response.content))
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert any(str(each.access_location.value).endswith("/ca/local/issuing.cer") for each in access)


@pytest.mark.parametrize("name", ["issuing.crl", "issuing.cer"])
async def test_whether_there_is_something_newer_can_be_asked_by_head(visitor: Visitor, name: str) -> None:
    whole = await visitor.client.get(f"/ca/local/{name}")
    head = await visitor.client.head(f"/ca/local/{name}")
    assert (head.status_code, head.headers["Content-Type"]) == (200, whole.headers["Content-Type"])
    assert max_age(head) == max_age(whole) > 0
    assert head.headers.get("ETag") == whole.headers.get("ETag")


async def test_it_answers_by_post_and_by_get_under_any_host(
    visitor: Visitor, authority: LocalAuthority, certificate: x509.Certificate
) -> None:
    asked = question(authority, certificate)
    path = f"/ca/local/ocsp/{quote(base64.b64encode(asked).decode(), safe='')}"
    host = {"Host": "local-ca.example.jp"}
    for response in (
        await visitor.client.post("/ca/local/ocsp", content=asked, headers=BINARY | host),
        await visitor.client.get(path, headers=host),
        await visitor.client.get(f"/ca/local/ocsp/{base64.b64encode(asked).decode()}"),
    ):
        assert response.headers["Content-Type"] == "application/ocsp-response"
        answer = ocsp.load_der_ocsp_response(response.content)
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert 0 < max_age(response) < 5, "a revocation shows within that"


async def test_an_answer_with_a_nonce_is_never_kept(
    visitor: Visitor, authority: LocalAuthority, certificate: x509.Certificate
) -> None:
    asked = question(authority, certificate, nonce=b"n" * 32)
    response = await visitor.client.post("/ca/local/ocsp", content=asked, headers=BINARY)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/", "/%%%", "/anVuaw==", "/" + "A" * 3000])
async def test_junk_in_the_path_is_malformed(visitor: Visitor, path: str) -> None:
    response = await visitor.client.get(f"/ca/local/ocsp{path}")
    assert_malformed(response)


@pytest.mark.parametrize("body", [b"", b"junk", bytes(10_000)])
async def test_junk_in_the_body_is_malformed(visitor: Visitor, body: bytes) -> None:
    assert_malformed(await visitor.client.post("/ca/local/ocsp", content=body, headers=BINARY))


def assert_malformed(response: httpx.Response) -> None:
    """The answer says malformedRequest, and is not kept."""
    answer = ocsp.load_der_ocsp_response(response.content)
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_front_that_was_just_started_knows_the_last_revocation(
    app: FastAPI,
    visitors: Callable[..., Visitor],
    authority: LocalAuthority,
    certificate: x509.Certificate,
) -> None:
    first = x509.load_der_x509_crl((await visitors().client.get("/ca/local/issuing.crl")).content)
    await authority.revoke(serial_text(certificate.serial_number), RevocationReason.KEY_COMPROMISE)
    del app.state.local_ca
    crl = x509.load_der_x509_crl((await visitors().client.get("/ca/local/issuing.crl")).content)
    assert len(crl) == 1
    numbers = [each.extensions.get_extension_for_class(x509.CRLNumber).value for each in (first, crl)]
    assert numbers[1].crl_number == numbers[0].crl_number + 1
    assert crl.last_update_utc <= datetime.now(UTC)
