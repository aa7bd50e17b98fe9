"""The embedded CA's OCSP responder (RFC 6960, nonces as in RFC 9654).

It answers with a delegated certificate of its own: made in memory, for a few days, renewed before it ends,
and not to be checked itself (id-pkix-ocsp-nocheck). The key of the issuing CA signs nothing but that.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlalchemy import select

from authorities.connector import serial_text
from authorities.local_crl import reason_of
from authorities.local_keys import ORGANIZATION, CaKeys
from authorities.local_tables import LocalCertificate
from authorities.ocsp_bundles import join, split
from authorities.profile import new_serial
from records.database import Database

RESPONDER_LIFE = timedelta(days=7)
RENEWED_BEFORE = timedelta(days=3)
VALIDITY = timedelta(hours=1)
"""From an answer's this update to its next."""

CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far a reader's clock may be behind ours when the responder's certificate is new."""

NONCE_BYTES = range(1, 129)
"""RFC 9654, section 2.1."""


@dataclass(frozen=True, repr=False)
class Responder:
    """The delegated certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class OcspAnswer:
    """A DER OCSPResponse; `until` is how long it may be kept, None for one that is for its asker only."""

    der: bytes
    until: datetime | None = None


@dataclass(frozen=True)
class _Question:
    """One question of a request: about which certificate, and the request's nonce."""

    asked: ocsp.OCSPRequest
    serial: str
    nonce: x509.OCSPNonce | None

    @classmethod
    def read(cls, request: bytes) -> Self:
        """Read a DER request with one question. Raises ValueError, UnsupportedAlgorithm."""
        asked = ocsp.load_der_ocsp_request(request)
        return cls(asked, _serial_in(asked), _nonce_in(asked))


class OcspResponder:
    """Answers what is asked about the embedded CA's certificates."""

    def __init__(self, database: Database, keys: CaKeys) -> None:
        """Take the CA's books and keys."""
        self._database = database
        self._keys = keys
        self._responder: Responder | None = None

    async def answer(self, request: bytes, now: datetime | None = None) -> OcspAnswer:
        """Answer a DER OCSPRequest, of one question or several, at a moment (UTC; now, if not given).

        Junk is answered `malformedRequest`. With a question about another issuer's certificate it is
        `unauthorized`: an answer of ours on that would not be believed, and spoil the others.
        """
        at = (now or datetime.now(UTC)).replace(microsecond=0)
        try:
            questions = [_Question.read(each) for each in split(request)]
            all_ours = all(self._is_about_ours(each.asked) for each in questions)
        except UnsupportedAlgorithm:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        except ValueError:
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if not questions:
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if not all_ours:
            return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        named = LocalCertificate.serial.in_({each.serial for each in questions})
        async with self._database.begin() as session:
            found = (await session.scalars(select(LocalCertificate).where(named))).all()
        certificates = {certificate.serial: certificate for certificate in found}
        return await asyncio.to_thread(self._sign, questions, certificates, at)

    def responder(self, at: datetime) -> Responder:
        """Give the responder that answers at a moment, a new one if the last is about to end."""
        present = self._responder
        if present is None or present.certificate.not_valid_after_utc - at < RENEWED_BEFORE:
            present = self._responder = new_responder(self._keys, at)
        return present

    def _is_about_ours(self, asked: ocsp.OCSPRequest) -> bool:
        algorithm = asked.hash_algorithm
        issuing = self._keys.issuing
        key = issuing.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return (asked.issuer_name_hash, asked.issuer_key_hash) == (
            _digest(algorithm, issuing.subject.public_bytes()),
            _digest(algorithm, key),
        )

    def _sign(
        self, questions: Sequence[_Question], certificates: Mapping[str, LocalCertificate], at: datetime
    ) -> OcspAnswer:
        responder = self.responder(at)
        answers = [_signed(each, certificates.get(each.serial), responder, at) for each in questions]
        der = answers[0] if len(answers) == 1 else join(answers, responder.key)
        return OcspAnswer(der, None if questions[0].nonce is not None else at + VALIDITY)


def new_responder(keys: CaKeys, at: datetime) -> Responder:
    """Make a responder's key and certificate, good from shortly before a moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, "JCAN Local OCSP Responder"),
        ]
    )
    start = at - CLOCK_DIFFERENCE
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder(
            keys.issuing.subject, name, key.public_key(), new_serial(), start, start + RESPONDER_LIFE
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(keys.issuing_key.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(keys.issuing_key, SHA256())
    )
    return Responder(certificate, key)


def refuse_junk() -> OcspAnswer:
    """Give the answer to what is no request at all."""
    return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)


def _signed(
    question: _Question, certificate: LocalCertificate | None, responder: Responder, at: datetime
) -> bytes:
    asked = question.asked
    status, revoked_at, reason = _status_of(certificate)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=status,
            this_update=at,
            next_update=at + VALIDITY,
            revocation_time=revoked_at,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        .certificates([responder.certificate])
    )
    if question.nonce is not None:
        builder = builder.add_extension(question.nonce, critical=False)
    return builder.sign(responder.key, SHA256()).public_bytes(Encoding.DER)


def _refusal(status: ocsp.OCSPResponseStatus) -> OcspAnswer:
    response = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return OcspAnswer(response.public_bytes(Encoding.DER))


def _serial_in(asked: ocsp.OCSPRequest) -> str:
    if asked.serial_number < 0:
        raise ValueError("a negative serial number")
    return serial_text(asked.serial_number)


def _nonce_in(asked: ocsp.OCSPRequest) -> x509.OCSPNonce | None:
    """Give the nonce. Raises ValueError for one of a wrong length, or an unknown critical extension."""
    nonce: x509.OCSPNonce | None = None
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            nonce = extension.value
        elif extension.critical:
            raise ValueError("a critical extension that is not known here")
    if nonce is not None and len(nonce.nonce) not in NONCE_BYTES:
        raise ValueError("a nonce of a wrong length")
    return nonce


def _status_of(
    certificate: LocalCertificate | None,
) -> tuple[ocsp.OCSPCertStatus, datetime | None, x509.ReasonFlags | None]:
    if certificate is not None and certificate.revoked_at is not None:
        revoked_at = certificate.revoked_at.astimezone(UTC).replace(microsecond=0)
        return ocsp.OCSPCertStatus.REVOKED, revoked_at, reason_of(certificate)
    if certificate is None or certificate.signed_at is None:
        return ocsp.OCSPCertStatus.UNKNOWN, None, None
    return ocsp.OCSPCertStatus.GOOD, None, None


def _digest(algorithm: HashAlgorithm, content: bytes) -> bytes:
    if not isinstance(algorithm, SHA1 | SHA256 | SHA384 | SHA512):
        raise UnsupportedAlgorithm("this digest is not used for certificates")
    digest = Hash(algorithm)
    digest.update(content)
    return digest.finalize()
