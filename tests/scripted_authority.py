"""A CA that does as a test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from authorities.connector import (
    AuthorityUnavailable,
    CertificateRequest,
    Issued,
    NotIssuedYet,
    OrderRefused,
)
from authorities.local import POLICY, pointers
from authorities.local_keys import CaKeys
from authorities.profile import Issuer, certificate_contents, new_serial
from domain.revocation import RevocationReason
from domain.subject import Subject
from tests.certification import TARO, key_in


@dataclass
class ScriptedAuthority:
    """A connector to it: what is set here is what the CA answers."""

    keys: CaKeys
    name: str = "scripted"
    ready: Issued | None = None
    findings: list[str] = field(default_factory=list)
    refuses: bool = False
    away: bool = False
    ordered: list[CertificateRequest] = field(default_factory=list)
    revoked: list[tuple[str, RevocationReason]] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    @property
    def anchors(self) -> Sequence[x509.Certificate]:
        return [self.keys.root]

    async def lint(self, request: CertificateRequest) -> list[str]:
        self._answer()
        assert request.public_key
        return self.findings

    async def order(self, request: CertificateRequest) -> None:
        self._answer()
        if self.refuses:
            raise OrderRefused(["ca.refuses"])
        self.ordered.append(request)

    async def fetch(self, order_id: str) -> Issued:
        self._answer()
        assert order_id
        if self.refuses:
            raise OrderRefused(["ca.refuses"])
        if self.ready is None:
            raise NotIssuedYet
        return self.ready

    async def revoke(self, serial: str, reason: RevocationReason) -> None:
        self._answer()
        self.revoked.append((serial, reason))

    def issue(
        self,
        csr: str,
        subject: Subject = TARO,
        *,
        years: int = 2,
        not_before: datetime | None = None,
        without: type[x509.ExtensionType] | None = None,
        signer: ec.EllipticCurvePrivateKey | None = None,
        chain: Sequence[x509.Certificate] | None = None,
    ) -> Issued:
        """Have a certificate ready, right unless told otherwise."""
        issuer = Issuer(
            self.keys.issuing.subject,
            self.keys.issuing_key.public_key(),
            POLICY,
            pointers("https://lra.example.jp"),
        )
        request = CertificateRequest("ORDER-1", subject, key_in(csr), years)
        contents = certificate_contents(request, issuer, new_serial(), not_before or datetime.now(UTC))
        if without is not None:
            contents._extensions = [e for e in contents._extensions if e.oid != without.oid]
        certificate = contents.sign(signer or self.keys.issuing_key, SHA256())
        above = (self.keys.issuing, self.keys.root) if chain is None else tuple(chain)
        self.ready = Issued(certificate, above)
        return self.ready

    async def erase(self, order_id: str) -> None:
        """Note who is to be forgotten."""
        self._answer()
        self.erased.append(order_id)

    def _answer(self) -> None:
        if self.away:
            raise AuthorityUnavailable("taro@example.jp was on the wire")
