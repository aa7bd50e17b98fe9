"""CRL and OCSP of the embedded CA, before judges that are not ours: openssl and pkilint."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import select

from authorities.connector import CertificateRequest, serial_text
from authorities.local import LocalAuthority
from authorities.local_clerk import Clerk
from authorities.local_crl import RENEWED_AFTER, VALIDITY, RevocationLists
from authorities.local_keys import load_or_create
from authorities.local_ocsp import RENEWED_BEFORE, RESPONDER_LIFE, OcspAnswer, OcspResponder
from authorities.local_tables import LocalRevocationList
from domain.revocation import RevocationReason
from records.database import Database
from settings import Settings
from tests.authorities.linting import errors_in_certificate, errors_in_list, errors_in_response
from tests.authorities.test_local import Hook
from tests.certification import TARO, key_in, make_csr, openssl

OPENSSLS_DIGEST = SHA1()  # noqa: S303 - what openssl names the issuer by, a name and no secret
NOW = datetime.now(UTC).replace(microsecond=0)


class Ca:
    """The embedded CA at work, and what it publishes."""

    def __init__(self, database: Database, settings: Settings) -> None:
        prompt = settings.model_copy(update={"issuance_delay": timedelta(0)})
        self.database = database
        self.authority = LocalAuthority(database, prompt)
        self.clerk = Clerk(database, prompt, self.authority, Hook().transport)
        self.keys = self.authority.keys
        self.lists = RevocationLists(database, self.keys)
        self.responder = OcspResponder(database, self.keys)

    async def issue(self) -> x509.Certificate:
        """Have a certificate issued."""
        order_id = secrets.token_hex(4)
        await self.authority.order(CertificateRequest(order_id, TARO, key_in(make_csr()), 1))
        await self.clerk.round()
        return (await self.authority.fetch(order_id)).certificate

    async def revoke(self, certificate: x509.Certificate, reason: RevocationReason) -> None:
        """Have it revoked."""
        await self.authority.revoke(serial_text(certificate.serial_number), reason)

    async def list(self, at: datetime | None = None) -> x509.CertificateRevocationList:
        """The present CRL."""
        return x509.load_der_x509_crl((await self.lists.current(at)).der)

    async def ask(
        self,
        certificate: x509.Certificate,
        algorithm: HashAlgorithm | None = None,
        nonce: bytes | None = None,
        issuer: x509.Certificate | None = None,
    ) -> OcspAnswer:
        """Ask the responder."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate, issuer or self.keys.issuing, algorithm or OPENSSLS_DIGEST
        )
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return await self.responder.answer(builder.build().public_bytes(Encoding.DER))


@pytest.fixture
def ca(database: Database, settings: Settings) -> Ca:
    return Ca(database, settings)


def status_in(answer: OcspAnswer) -> ocsp.OCSPCertStatus:
    return ocsp.load_der_ocsp_response(answer.der).certificate_status


def refusal_in(answer: OcspAnswer) -> ocsp.OCSPResponseStatus:
    return ocsp.load_der_ocsp_response(answer.der).response_status


# --- the list


async def test_an_empty_list_is_a_good_list(ca: Ca) -> None:
    row = await ca.lists.current()
    crl = x509.load_der_x509_crl(row.der)
    assert list(crl) == []
    assert crl.issuer == ca.keys.issuing.subject
    assert crl.is_signature_valid(ca.keys.issuing_key.public_key())
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
    assert crl.next_update_utc is not None
    assert crl.next_update_utc - crl.last_update_utc == VALIDITY
    assert errors_in_list(row.der) == []


async def test_a_revocation_is_in_the_next_list_with_its_reason(ca: Ca) -> None:
    before = await ca.list()
    good, leaked, unsaid = [await ca.issue() for _ in range(3)]
    await ca.revoke(leaked, RevocationReason.KEY_COMPROMISE)
    await ca.revoke(unsaid, RevocationReason.UNSPECIFIED)
    row = await ca.lists.current()
    crl = x509.load_der_x509_crl(row.der)
    assert crl.get_revoked_certificate_by_serial_number(good.serial_number) is None
    entry = crl.get_revoked_certificate_by_serial_number(leaked.serial_number)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags(
        "keyCompromise"
    )
    entry = crl.get_revoked_certificate_by_serial_number(unsaid.serial_number)
    assert entry is not None
    assert list(entry.extensions) == []
    assert _number(crl) == _number(before) + 1
    assert errors_in_list(row.der) == []


async def test_the_list_stays_the_same_until_it_is_due(ca: Ca) -> None:
    first = await ca.lists.current(NOW)
    assert (await ca.lists.current(NOW + RENEWED_AFTER - timedelta(seconds=1))).number == first.number
    due = await ca.lists.current(NOW + RENEWED_AFTER)
    assert (due.number, due.this_update) == (first.number + 1, NOW + RENEWED_AFTER)


async def test_numbers_grow_across_processes_and_restarts(ca: Ca, database: Database) -> None:
    await ca.list()
    certificate = await ca.issue()
    await ca.revoke(certificate, RevocationReason.SUPERSEDED)
    others = [RevocationLists(database, ca.keys) for _ in range(5)]
    numbers = {row.number for row in await asyncio.gather(*(other.current() for other in others))}
    assert numbers == {2}


async def test_only_the_present_list_is_kept_and_the_number_goes_on(ca: Ca, database: Database) -> None:
    for turn in range(4):
        await ca.lists.current(NOW + turn * RENEWED_AFTER)
    async with database.begin() as session:
        kept = (await session.scalars(select(LocalRevocationList.number))).all()
    assert kept == [4]
    await ca.revoke(await ca.issue(), RevocationReason.SUPERSEDED)
    assert (await RevocationLists(database, ca.keys).current()).number == 5


async def test_another_key_signs_a_list_of_its_own(ca: Ca, database: Database, tmp_path: Path) -> None:
    await ca.list()
    other = load_or_create(tmp_path / "another-ca")
    row = await RevocationLists(database, other).current()
    assert x509.load_der_x509_crl(row.der).is_signature_valid(other.issuing_key.public_key())
    assert row.number == 2


async def test_an_expired_certificate_leaves_the_list_after_one_more(ca: Ca) -> None:
    certificate = await ca.issue()
    await ca.revoke(certificate, RevocationReason.SUPERSEDED)
    end = certificate.not_valid_after_utc
    assert len(await ca.list(end + VALIDITY / 4)) == 1
    assert len(await ca.list(end + VALIDITY * 2)) == 0


async def test_openssl_refuses_a_revoked_certificate_by_the_list(ca: Ca, tmp_path: Path) -> None:
    certificate, other = await ca.issue(), await ca.issue()
    await ca.revoke(certificate, RevocationReason.KEY_COMPROMISE)
    crl = tmp_path / "issuing.crl"
    crl.write_bytes((await ca.lists.current()).der)
    text = openssl("crl", "-inform", "DER", "-in", str(crl), "-noout", "-text")
    assert "X509v3 CRL Number" in text
    assert f"Serial Number: {certificate.serial_number:032X}" in text
    assert "Key Compromise" in text
    pem = tmp_path / "issuing.crl.pem"
    openssl("crl", "-inform", "DER", "-in", str(crl), "-out", str(pem))
    files = write(tmp_path, ca)
    check = [
        "verify",
        "-crl_check",
        "-CRLfile",
        str(pem),
        "-CAfile",
        files["root"],
        "-untrusted",
        files["issuing"],
    ]
    assert openssl(*check, save(tmp_path / "good.pem", other)).strip().endswith(": OK")
    with pytest.raises(AssertionError, match="certificate revoked"):
        openssl(*check, save(tmp_path / "revoked.pem", certificate))


# --- the responder


@pytest.mark.parametrize("algorithm", [OPENSSLS_DIGEST, SHA256(), SHA512()])
async def test_a_revocation_shows_at_once(ca: Ca, algorithm: HashAlgorithm) -> None:
    certificate = await ca.issue()
    assert status_in(await ca.ask(certificate, algorithm)) is ocsp.OCSPCertStatus.GOOD
    await ca.revoke(certificate, RevocationReason.AFFILIATION_CHANGED)
    response = ocsp.load_der_ocsp_response((await ca.ask(certificate, algorithm)).der)
    assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_reason is x509.ReasonFlags.affiliation_changed
    assert response.serial_number == certificate.serial_number


async def test_an_unspecified_reason_is_left_out(ca: Ca) -> None:
    certificate = await ca.issue()
    await ca.revoke(certificate, RevocationReason.UNSPECIFIED)
    assert ocsp.load_der_ocsp_response((await ca.ask(certificate)).der).revocation_reason is None


async def test_a_nonce_comes_back_and_such_an_answer_is_for_nobody_else(ca: Ca) -> None:
    certificate = await ca.issue()
    answer = await ca.ask(certificate, nonce=b"n" * 128)
    response = ocsp.load_der_ocsp_response(answer.der)
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 128
    assert answer.until is None
    assert (await ca.ask(certificate)).until is not None


@pytest.mark.parametrize("nonce", [b"", b"n" * 129])
async def test_a_nonce_of_a_wrong_length_is_malformed(ca: Ca, nonce: bytes) -> None:
    answer = await ca.ask(await ca.issue(), nonce=nonce)
    assert refusal_in(answer) is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x00", b"\x30\x03\x02\x01\x00", bytes(1000)])
async def test_junk_is_malformed(ca: Ca, junk: bytes) -> None:
    assert refusal_in(await ca.responder.answer(junk)) is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


async def test_another_issuers_certificate_is_none_of_ours(ca: Ca, tmp_path: Path) -> None:
    other = load_or_create(tmp_path / "another-ca")
    answer = await ca.ask(await ca.issue(), issuer=other.issuing)
    assert refusal_in(answer) is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert (
        refusal_in(await ca.ask(ca.keys.issuing, issuer=ca.keys.root)) is ocsp.OCSPResponseStatus.UNAUTHORIZED
    )


async def test_a_serial_that_was_never_issued_is_unknown(ca: Ca) -> None:
    hashes = issuer_hashes(ca, await ca.issue())
    for serial in (secrets.randbits(120) + 1, 2**158, 2**400):
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*hashes, serial, OPENSSLS_DIGEST).build()
        answer = await ca.responder.answer(request.public_bytes(Encoding.DER))
        assert status_in(answer) is ocsp.OCSPCertStatus.UNKNOWN


def issuer_hashes(ca: Ca, certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """How a request names the issuer."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, ca.keys.issuing, OPENSSLS_DIGEST).build()
    return request.issuer_name_hash, request.issuer_key_hash


async def test_the_responder_has_a_short_lived_certificate_of_its_own(ca: Ca) -> None:
    answer = await ca.ask(await ca.issue())
    (responder,) = ocsp.load_der_ocsp_response(answer.der).certificates
    responder.verify_directly_issued_by(ca.keys.issuing)
    usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck).value == x509.OCSPNoCheck()
    assert errors_in_certificate(responder.public_bytes(Encoding.DER)) == []
    assert errors_in_response(answer.der) == []


def test_the_responders_certificate_is_renewed_in_time(ca: Ca) -> None:
    first = ca.responder.responder(NOW)
    assert ca.responder.responder(NOW + RESPONDER_LIFE / 2) is first
    later = NOW + RESPONDER_LIFE - RENEWED_BEFORE
    assert ca.responder.responder(later).certificate.not_valid_after_utc > later + RENEWED_BEFORE


def test_the_ca_certificates_pass_the_linter(ca: Ca) -> None:
    for certificate in (ca.keys.root, ca.keys.issuing):
        assert errors_in_certificate(certificate.public_bytes(Encoding.DER)) == []


@pytest.mark.parametrize("nonce", [["-no_nonce"], []])
async def test_openssl_believes_the_answers(ca: Ca, tmp_path: Path, nonce: list[str]) -> None:
    certificate = await ca.issue()
    files = write(tmp_path, ca)
    about = ["-issuer", files["issuing"], "-cert", save(tmp_path / "certificate.pem", certificate)]
    question, reply = tmp_path / "request.der", tmp_path / "response.der"

    async def ask() -> str:
        openssl("ocsp", *about, *nonce, "-reqout", str(question))
        reply.write_bytes((await ca.responder.answer(question.read_bytes())).der)
        # Otherwise it would put a nonce of its own into the request that it reads.
        request = ["-reqin", str(question), "-no_nonce"]
        return openssl("ocsp", *about, *request, "-respin", str(reply), "-CAfile", files["root"])

    assert f"{tmp_path}/certificate.pem: good" in await ask()
    await ca.revoke(certificate, RevocationReason.KEY_COMPROMISE)
    said = await ask()
    assert f"{tmp_path}/certificate.pem: revoked" in said
    assert "Reason: keyCompromise" in said


async def test_several_questions_are_answered_in_one_response(ca: Ca, tmp_path: Path) -> None:
    good, revoked = await ca.issue(), await ca.issue()
    await ca.revoke(revoked, RevocationReason.SUPERSEDED)
    files = write(tmp_path, ca)
    asked = [
        *("-issuer", files["issuing"], "-cert", save(tmp_path / "good.pem", good)),
        *("-cert", save(tmp_path / "revoked.pem", revoked), "-serial", "0x1234"),
    ]
    question, reply = tmp_path / "request.der", tmp_path / "response.der"
    openssl("ocsp", *asked, "-reqout", str(question))
    answer = await ca.responder.answer(question.read_bytes())
    assert answer.until is None, "it has a nonce"
    reply.write_bytes(answer.der)
    assert errors_in_response(answer.der) == []
    files_read = ["-reqin", str(question), "-no_nonce", "-respin", str(reply)]
    said = openssl("ocsp", *asked, *files_read, "-CAfile", files["root"])
    for words in ("good.pem: good", "revoked.pem: revoked", "0x1234: unknown"):
        assert words in said


async def test_one_question_about_another_issuer_is_refused_with_the_others(ca: Ca, tmp_path: Path) -> None:
    other, question = load_or_create(tmp_path / "another-ca"), tmp_path / "request.der"
    ours = ["-issuer", write(tmp_path, ca)["issuing"], "-serial", "0x1234"]
    foreign = ["-issuer", save(tmp_path / "foreign.pem", other.issuing), "-serial", "0x1234"]
    openssl("ocsp", *ours, *foreign, "-reqout", str(question))
    answer = await ca.responder.answer(question.read_bytes())
    assert refusal_in(answer) is ocsp.OCSPResponseStatus.UNAUTHORIZED


def write(folder: Path, ca: Ca) -> dict[str, str]:
    """The CA's certificates as files."""
    return {
        "root": save(folder / "root.pem", ca.keys.root),
        "issuing": save(folder / "issuing.pem", ca.keys.issuing),
    }


def save(path: Path, certificate: x509.Certificate) -> str:
    """A certificate as a file."""
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return str(path)


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
