"""The others who have a say: the service by API, the reviewer by console or command, the CA's hook."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.person import A_MOMENT, Experience, insist
from tests.chaos.plan import Decision, Nudge
from tests.running.stack import Stack
from tests.web.page import Page

REASON = "電話番号をご確認ください。"


@dataclass
class Office:
    """Whoever decides from outside of the front's pages, as persistent as the people at them."""

    stack: Stack
    client: httpx.AsyncClient
    hook_key: str
    met: Experience

    async def sign_in(self) -> None:
        """Sign the reviewer in at the console."""
        operator = self.stack.ready["operator"]
        facts = {"username": operator["username"], "password": operator["password"]}
        page = await insist(lambda: self.client.post("/console/sign-in", data=facts), self.met)
        assert page.status == HTTPStatus.OK, page.title

    async def stage_of(self, tenant: str, reference: str) -> str:
        """Where an enrolment stands, as the service is told."""
        place = f"/api/v1/enrolments/{reference}"
        while True:
            page = await insist(lambda: self.client.get(place, headers=self._key(tenant)), self.met)
            if page.status == HTTPStatus.OK:
                return str(page.response.json()["stage"])
            # Not written down yet, or asked too often.
            await asyncio.sleep(A_MOMENT)

    async def reaches(self, tenant: str, reference: str, stage: str) -> None:
        """Wait for a stage."""
        while await self.stage_of(tenant, reference) != stage:
            await asyncio.sleep(A_MOMENT)

    async def approve(self, tenant: str, reference: str, decision: str) -> None:
        """Hand in the principal's decision for the service, twice: a call that is repeated has its answer."""
        await self.reaches(tenant, reference, "awaiting_approval")
        body = {"decision": decision, "decided_by": "user-1"} | _grounds(decision)
        headers = self._key(tenant) | {"Idempotency-Key": uuid4().hex}
        place = f"/api/v1/enrolments/{reference}/approval"
        for _ in range(2):
            page = await insist(lambda: self.client.post(place, json=body, headers=headers), self.met)
            assert page.status == HTTPStatus.OK, page.html

    async def review(self, tenant: str, reference: str, decision: Decision) -> None:
        """Decide on an application, and make sure that it has been decided."""
        await self.reaches(tenant, reference, "in_review")
        act = self._by_command if decision.way == "cli" else self._at_the_console
        while await self.stage_of(tenant, reference) == "in_review":
            await act(reference, decision.decision)
            await asyncio.sleep(A_MOMENT)

    async def nudge(self, reference: str, how: Nudge, *, ended: bool) -> None:
        """Call the CA's hook when nobody asked for it; it is always answered as if it were right."""
        early = {"early": ["1"], "wrong order": ["9"], "twice, and late": ["1", "1"], "none": []}
        late = {"twice, and late": ["1", "1"]}
        for round_ in late.get(how, []) if ended else early[how]:
            page = await self._call_hook(f"{reference}-{round_}")
            assert page.status == HTTPStatus.NO_CONTENT, page.status

    async def _call_hook(self, order_id: str) -> Page:
        headers = {"Authorization": f"Bearer {self.hook_key}"}
        body = {"order_id": order_id}
        return await insist(lambda: self.client.post("/hooks/ca/local", json=body, headers=headers), self.met)

    async def _by_command(self, reference: str, decision: str) -> None:
        try:
            await self.stack.jcan("enrolments", "review", reference, decision, "--reason", REASON)
        except AssertionError:
            # Temporal or the database is away, or an answer was lost and it is decided: the stage tells.
            self.met.again["command failed"] += 1

    async def _at_the_console(self, reference: str, decision: str) -> None:
        place = f"/console/enrolments/{reference}"
        page = await insist(lambda: self.client.get(place), self.met)
        if not page.has_field("form_id"):
            return
        fields = {"form_id": page.value("form_id"), "decision": decision, "review_reason": REASON}
        await insist(lambda: self.client.post(f"{place}/review", data=fields), self.met)

    def _key(self, tenant: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.ready['api_keys'][tenant]}"}


def _grounds(decision: str) -> dict[str, Any]:
    if decision == "approve":
        return {"obligations_accepted_at": "2026-11-24T10:00:00+09:00", "evidence": "consent-1"}
    return {"reason": REASON}
