"""Revocation against the running stack, before judges that are not ours: openssl, over HTTP."""

import json
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certification import openssl
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import Stack
from tests.running.waiting import until
from tests.system.test_certificate import download

SHOWN_WITHIN = 5.0  # seconds


@pytest.fixture
async def issued(people: People) -> Enrolling:
    """An enrolment that went all the way."""
    applicant = await people.new()
    await applicant.open()
    await applicant.submit()
    await applicant.shows(ISSUED)
    return applicant


class Judge:
    """openssl, with a certificate of the stack's."""

    def __init__(self, stack: Stack, folder: Path, certificate: Path, above: Path) -> None:
        self.stack, self.folder, self.certificate = stack, folder, certificate
        self.root = stack.run_dir.certificate_authority / "root.pem"
        self.issuing = folder / "issuing.pem"
        first = x509.load_pem_x509_certificates(above.read_bytes())[0]
        self.issuing.write_bytes(first.public_bytes(Encoding.PEM))

    @property
    def serial(self) -> str:
        """The certificate's serial as openssl writes it."""
        return f"{x509.load_pem_x509_certificate(self.certificate.read_bytes()).serial_number:032X}"

    def ocsp(self) -> str:
        """What the responder says, asked with a nonce."""
        about = ["-issuer", str(self.issuing), "-cert", str(self.certificate)]
        said = openssl("ocsp", *about, "-url", f"{self.stack.web}/ca/local/ocsp", "-CAfile", str(self.root))
        return said.split(": ", 1)[1].split("\n")[0]

    async def crl(self) -> str:
        """The list in words."""
        async with httpx.AsyncClient(base_url=self.stack.web, trust_env=False) as client:
            der = (await client.get("/ca/local/issuing.crl")).content
        file = self.folder / "issuing.crl"
        file.write_bytes(der)
        return openssl("crl", "-inform", "DER", "-in", str(file), "-noout", "-text")


async def test_a_revocation_shows_within_five_seconds_by_ocsp_and_crl(
    stack: Stack, issued: Enrolling, tmp_path: Path
) -> None:
    judge = Judge(stack, tmp_path, *await download(stack, issued, tmp_path))
    assert judge.ocsp() == "good"
    assert judge.serial not in await judge.crl()
    said = await stack.jcan("certificates", "revoke", judge.serial, "--reason", "keyCompromise")
    assert "Accepted" in said
    began = time.monotonic()

    async def shows() -> bool:
        return judge.ocsp() == "revoked" and judge.serial in await judge.crl()

    await until(shows, "OCSP and CRL show the revocation", SHOWN_WITHIN)
    assert time.monotonic() - began < SHOWN_WITHIN
    assert "Key Compromise" in await judge.crl()
    assert (await issued.mail("revoked")).subject
    again = await stack.jcan("certificates", "revoke", judge.serial, "--reason", "superseded")
    assert "It was revoked before" in again
    shown = json.loads(await stack.jcan("certificates", "show", judge.serial, "--json"))
    assert (shown["stage"], shown["reason"]) == ("revoked", "keyCompromise")
