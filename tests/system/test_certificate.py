"""The certificate that came out of a real enrolment, before judges that are not ours: openssl and pkilint."""

import json
import sysconfig
from pathlib import Path

import httpx
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certification import openssl
from tests.running.enrolling import Enrolling, People, issued_at
from tests.running.stack import Stack, run

PROFILE = (
    "Subject: C=JP,O=Sample Corporation,organizationIdentifier=NTRJP-9999999999999,SN=Takahashi,GN=Taro",
    ",CN=Taro Takahashi\n",
    "ASN1 OID: prime256v1",
    "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
    # The last one is documentSigning (RFC 9336), which openssl 3.0 has no name for.
    "E-mail Protection, TLS Web Client Authentication, 1.3.6.1.5.5.7.3.36",
    "X509v3 CRL Distribution Points",
    "OCSP - URI:http://",
    "CA Issuers - URI:http://",
)
TOLERATED = "cabf.smime.no_required_reserved_policy_oid"


@pytest_asyncio.fixture(scope="module")
async def issued(people: People) -> Enrolling:
    """An enrolment that went all the way."""
    return await issued_at(people)


async def test_it_verifies_has_the_profile_and_passes_the_linters(
    stack: Stack, issued: Enrolling, tmp_path: Path
) -> None:
    certificate, above = await download(stack, issued, tmp_path)
    root = stack.run_dir.certificate_authority / "root.pem"
    chain = ["-x509_strict", "-CAfile", str(root), "-untrusted", str(above)]
    assert openssl("verify", *chain, str(certificate)).strip().endswith(": OK")

    text = openssl("x509", "-in", str(certificate), "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
    assert [part for part in (*PROFILE, f"email:{issued.email}") if part not in text] == []

    assert await _lint("lint_pkix_cert", "lint", str(certificate)) == []
    baseline = ["lint", "-t", "SPONSORED-MULTIPURPOSE", str(certificate)]
    assert await _lint("lint_cabf_smime_cert", *baseline) == [TOLERATED]


async def test_a_ticket_is_used_up_by_it(stack: Stack, issued: Enrolling) -> None:
    listed = json.loads(await stack.jcan("tickets", "list", "--state", "used", "--json"))
    assert issued.ticket in {ticket["number"] for ticket in listed}


async def download(stack: Stack, applicant: Enrolling, directory: Path) -> tuple[Path, Path]:
    """Take the certificate, and those above it, from the e-contract service's page."""
    async with httpx.AsyncClient(base_url=stack.econtract, trust_env=False) as client:
        page = (await client.get("/")).text
        section = next(part for part in page.split("<section") if applicant.email in part)
        links = [part.split('"')[0] for part in section.split('href="')[1:]]
        alone, chain = [(await client.get(link)).content for link in links]
    certificates = x509.load_pem_x509_certificates(chain)
    assert certificates[0] == x509.load_pem_x509_certificate(alone)
    above = b"".join(each.public_bytes(Encoding.PEM) for each in certificates[1:])
    files = directory / "certificate.pem", directory / "above.pem"
    for file, content in zip(files, (alone, above), strict=True):
        file.write_bytes(content)
    return files


async def _lint(program: str, *arguments: str) -> list[str]:
    """Run one of pkilint's own programs and give the codes of the errors that it finds."""
    command = [str(Path(sysconfig.get_path("scripts")) / program), *arguments, "-s", "ERROR", "-f", "JSON"]
    results = json.loads(await run(command, {}, code=None))["results"]
    return [finding["code"] for result in results for finding in result["finding_descriptions"]]
