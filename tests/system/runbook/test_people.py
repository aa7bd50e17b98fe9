"""A review that is overdue, a certificate that has to go, an auditor who comes, operators who come and go."""

import asyncio
import json

import httpx
from cryptography import x509

from domain.reference import Reference
from tests.running.enrolling import Enrolling, People
from tests.running.waiting import until
from tests.system.runbook.office import Office, Walk


async def test_a_review_is_overdue_a_certificate_goes_at_once_and_an_auditor_comes(
    office: Office, people: People
) -> None:
    applicant = await people.new(tenant="contracthub", company_code="contracthub")
    await applicant.open()
    await applicant.submit()
    async with office.walk("A review is overdue") as entry:
        await office.marked(applicant, "審査が滞っています", "承認する")
        listed = await entry.do("jcan enrolments list --stage in_review")
        row = next(line for line in listed.splitlines() if "review_overdue" in line)
        assert row.startswith(Reference.parse(applicant.reference).grouped)
        await entry.do("jcan enrolments review", REFERENCE=applicant.reference)
        await applicant.mail("issued")
        await office.unmarked(applicant)
    async with office.walk("A certificate has to go at once") as entry:
        await gone(office, entry, applicant)
    async with office.walk("An auditor comes") as entry:
        await asyncio.gather(entry.do("jcan audit head"), entry.do("jcan audit export"))
        verified, shown = await asyncio.gather(
            entry.do("jcan audit verify"), entry.do("jcan audit show", REFERENCE=applicant.reference)
        )
        assert "Intact" in verified
        assert "certificate_revoked" in shown
        assert applicant.email not in shown


async def gone(office: Office, entry: Walk, applicant: Enrolling) -> None:
    """Somebody's certificate is revoked as the entry says."""
    listed = await entry.do("jcan certificates list")
    grouped = Reference.parse(applicant.reference).grouped
    serial = next(line.split()[0] for line in listed.splitlines() if line.endswith(grouped))
    await entry.do("jcan certificates revoke", SERIAL=serial)
    async with httpx.AsyncClient(base_url=office.stack.web, trust_env=False) as client:

        async def is_listed() -> bool:
            crl = x509.load_der_x509_crl((await client.get("/ca/local/issuing.crl")).content)
            return crl.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None

        await until(is_listed, "the CRL has it", 5)
    await applicant.mail("revoked")
    assert "revoked" in await entry.do("jcan certificates show", SERIAL=serial)


async def test_an_operator_comes_and_goes(office: Office) -> None:
    async with (
        office.walk("Operators come and go") as entry,
        httpx.AsyncClient(base_url=office.stack.web, trust_env=False) as browser,
    ):

        async def lets_in(said: str) -> bool:
            credentials = {"username": "suzuki", "password": said.split("Password:")[1].strip()}
            await browser.post("/console/sign-in", data=credentials)
            # Where they choose a password of their own first.
            return (await browser.get("/console/account")).is_success

        added = await entry.do("jcan operators add", NAME="suzuki", ADDRESS="suzuki@lra.example.jp")
        assert await lets_in(added)
        renewed = await entry.do("jcan operators reset", NAME="suzuki")
        assert not await lets_in(added)
        assert await lets_in(renewed)
        key = (await entry.do("jcan operators api-key", NAME="suzuki")).strip()
        asked = {"Authorization": f"Bearer {key}", "X-Namespace": "default"}
        async with httpx.AsyncClient(base_url=office.stack.web, trust_env=False, headers=asked) as shell:
            codec = "/codec/decode"
            assert (await shell.post(codec, content=json.dumps({"payloads": []}))).is_success
            await entry.do("jcan operators disable", NAME="suzuki")
            assert not (await shell.post(codec, content=json.dumps({"payloads": []}))).is_success
        assert "suzuki" in await entry.do("jcan operators list")
        assert not (await browser.get("/console/account")).is_success
