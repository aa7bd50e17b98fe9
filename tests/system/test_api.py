"""An agent's application decided over the API: read, returned, approved; by nobody else, and no scanner."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.running.enrolling import Enrolling, People, new_address
from tests.running.stack import Stack
from tests.running.waiting import until

APPROVE = {
    "decision": "approve",
    "decided_by": "user-1",
    "obligations_accepted_at": "2026-11-24T10:00:00+09:00",
    "evidence": "consent-1",
}
RETURN = {"decision": "return", "decided_by": "user-1", "reason": "電話番号が違います。"}
REFUSE = {"decision": "refuse", "decided_by": "user-1", "reason": "心当たりがありません。"}


class Service:
    """The e-contract service of a tenant, with the key that `ready.json` names."""

    def __init__(self, stack: Stack, tenant: str = "leopalace", key: str | None = None) -> None:
        self._place = f"{stack.web}/api/v1"
        self._key = key or stack.ready["api_keys"][tenant]

    async def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Call the API."""
        headers = {"Authorization": f"Bearer {self._key}"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return await client.request(method, self._place + path, json=body, headers=headers)

    async def read(self, reference: str) -> dict[str, Any]:
        """Where an enrolment stands."""
        answer = await self.call("GET", f"/enrolments/{reference}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def decide(self, reference: str, decision: object) -> tuple[int, str]:
        """Hand in a decision; gives the status and the verdict or the problem's code."""
        answer = await self.call("POST", f"/enrolments/{reference}/approval", decision)
        told = answer.json()
        return answer.status_code, told.get("verdict") or told["code"]

    async def shows(self, reference: str, stage: str) -> dict[str, Any]:
        """Wait for a stage."""

        async def look() -> dict[str, Any] | None:
            found = await self.read(reference)
            return found if found["stage"] == stage else None

        return await until(look, f"the API shows {stage}")


@pytest.fixture
def service(stack: Stack) -> Service:
    return Service(stack)


async def asked(people: People, principal: str) -> Enrolling:
    """An agent's application that waits for its principal."""
    agent = await people.new(applicant="agent")
    await agent.open()
    await agent.submit(email=principal, email_confirmation=principal)
    return agent


async def test_an_agents_application_is_returned_and_approved_by_api(
    service: Service, people: People
) -> None:
    principal = new_address()
    agent = await asked(people, principal)
    waiting = await service.shows(agent.reference, "awaiting_approval")
    assert waiting["principal_email"] == principal
    listed = (await service.call("GET", "/enrolments?stage=awaiting_approval&limit=200")).json()
    assert agent.reference in [each["reference"] for each in listed["enrolments"]]

    assert await service.decide(agent.reference, RETURN) == (200, "accepted")
    form = await agent.press((await agent.mail("application_returned")).link)
    assert RETURN["reason"] in form.text
    assert await service.decide(agent.reference, APPROVE) == (409, "not-now")
    await agent.submit()
    await service.shows(agent.reference, "awaiting_approval")
    assert await service.decide(agent.reference, APPROVE) == (200, "accepted")

    issued = await service.shows(agent.reference, "issued")
    assert issued["outcome"] == "installed"
    assert issued["serial"]
    assert await service.decide(agent.reference, APPROVE) == (200, "accepted"), (
        "a repeat has its first answer"
    )
    assert await service.decide(agent.reference, REFUSE) in {(409, "contrary"), (409, "too-late")}
    assert (await agent.mail("approval_given")).to == agent.email


async def test_link_and_api_at_the_same_moment_are_one_decision(service: Service, people: People) -> None:
    principal = new_address()
    agent = await asked(people, principal)
    approval = await agent.press((await agent.mail("approval_request", to=principal)).link)
    pressed = approval.posted_fields() | {"decision": "refuse", "reason": "不要です。"}

    page, (code, told) = await asyncio.gather(
        agent.post(approval.form_action(), pressed), service.decide(agent.reference, APPROVE)
    )

    if code == 200:
        assert "先に別の決定が行われていました" in page.text
        await service.shows(agent.reference, "issued")
    else:
        assert (code, told) in {(409, "contrary"), (409, "too-late")}
        await service.shows(agent.reference, "refused")


async def test_a_key_opens_one_tenant_until_it_is_revoked(stack: Stack, people: People) -> None:
    applicant = await people.new()
    await applicant.register()
    other, mine = Service(stack, "contracthub"), (await stack.jcan("api-keys", "create", "leopalace")).strip()
    service = Service(stack, key=mine)

    assert (await other.call("GET", f"/enrolments/{applicant.reference}")).status_code == 404
    assert (await other.decide(applicant.reference, APPROVE))[0] == 404
    assert (await service.decide(applicant.reference, APPROVE)) == (409, "not-now")
    listed = await stack.jcan("api-keys", "list")
    assert mine not in listed
    key_id = listed.splitlines()[-1].split()[0]
    await stack.jcan("api-keys", "revoke", key_id)
    assert (await service.call("GET", "/enrolments")).status_code == 401
    await stack.jcan("api-keys", "revoke", "nothing", code=1)
    await stack.jcan("api-keys", "create", "nobody", code=1)


async def test_a_scanner_that_fetches_every_link_of_every_mail_changes_nothing(
    service: Service, stack: Stack, people: People
) -> None:
    principal = new_address()
    agent, applicant = await asked(people, principal), await people.new()
    await applicant.register()
    await applicant.mail()
    approval = await agent.mail("approval_request", to=principal)
    launch = (await service.call("POST", "/launch-links", {"applicant": "agent"})).json()["url"]
    before = await service.read(agent.reference), await service.read(applicant.reference)

    links = {
        link for mail in await stack.mailbox.mails() for link in mail.links if link.startswith(stack.web)
    }
    assert {approval.link, (await applicant.mail()).link} <= links
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=30) as scanner:
        for link in [*sorted(links), launch]:
            for method in ("HEAD", "GET", "GET"):
                assert (await scanner.request(method, link)).status_code < 500

    assert (await service.read(agent.reference), await service.read(applicant.reference)) == before
    decision = await agent.press(approval.link)
    assert "申請情報承認" in decision.title, "the link is as good as new"
