"""Revocation against the running stack, before judges that are not ours: openssl, over HTTP."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certification import openssl
from tests.running.enrolling import Enrolling, People, issued_at
from tests.running.stack import Stack
from tests.running.waiting import until
from tests.system.test_certificate import download
from tests.system.test_faults import answers, kill

SHOWN_WITHIN = 5.0  # seconds


@pytest.fixture
async def issued(people: People) -> Enrolling:
    """An enrolment that went all the way."""
    return await issued_at(people)


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

    async def sees_it_revoked(self) -> None:
        """See it by OCSP and CRL, and soon."""
        began = time.monotonic()

        async def shows() -> bool:
            return self.ocsp() == "revoked" and self.serial in await self.crl()

        await until(shows, "OCSP and CRL show the revocation", SHOWN_WITHIN)
        assert time.monotonic() - began < SHOWN_WITHIN


async def test_a_revocation_shows_within_five_seconds_by_ocsp_and_crl(
    stack: Stack, issued: Enrolling, tmp_path: Path
) -> None:
    judge = Judge(stack, tmp_path, *await download(stack, issued, tmp_path))
    assert judge.ocsp() == "good"
    assert judge.serial not in await judge.crl()
    said = await stack.jcan("certificates", "revoke", judge.serial, "--reason", "keyCompromise")
    assert "Accepted" in said
    await judge.sees_it_revoked()
    assert "Key Compromise" in await judge.crl()
    assert (await issued.mail("revoked")).subject
    again = await stack.jcan("certificates", "revoke", judge.serial, "--reason", "superseded")
    assert "It was revoked before" in again
    shown = json.loads(await stack.jcan("certificates", "show", judge.serial, "--json"))
    assert (shown["stage"], shown["reason"]) == ("revoked", "keyCompromise")


async def test_it_shows_as_soon_right_after_front_and_worker_were_killed(
    stack: Stack, issued: Enrolling, tmp_path: Path
) -> None:
    judge = Judge(stack, tmp_path, *await download(stack, issued, tmp_path))
    assert judge.ocsp() == "good"
    assert judge.serial not in await judge.crl()
    # The certificate's run lies in the memory of the worker that dies, the responder's key in the front's.
    await asyncio.gather(kill(stack, "worker"), kill(stack, "web"))

    async def both_are_back() -> bool:
        return stack.run_dir.worker_ready.exists() and await answers(stack)

    await until(both_are_back, "front and worker are back", 60)
    key = stack.ready["api_keys"]["leopalace"]
    async with httpx.AsyncClient(base_url=stack.web, trust_env=False, timeout=30) as client:
        answer = await client.post(
            f"/api/v1/certificates/{judge.serial}/revocation",
            json={"reason": "cessationOfOperation"},
            headers={"Authorization": f"Bearer {key}"},
        )
    assert answer.json()["verdict"] == "accepted"
    await judge.sees_it_revoked()
