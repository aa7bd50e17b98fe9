"""The registration authority's API as this service calls it, with one key per tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from devstack.econtract.logbook import Logbook

_TIMEOUT_SECONDS = 10.0
_PATH = "/api/v1"


class Refused(Exception):
    """The call was not done; `code` is the problem's, `away` when nobody answers."""

    def __init__(self, code: str) -> None:
        """Say why."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Waiting:
    """An agent's application that waits for its principal, who is one of our users."""

    tenant: str
    reference: str
    email: str
    since: str
    until: str | None


class Front:
    """The web front of the registration authority."""

    def __init__(
        self,
        origin: str,
        keys: Mapping[str, str],
        logbook: Logbook,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take where it is, and our key for each tenant; `transport` carries the calls, HTTP if not given."""
        self.origin = origin
        self._keys = dict(keys)
        self._logbook = logbook
        self._transport = transport

    @property
    def tenants(self) -> list[str]:
        """The tenants that we have a key for."""
        return sorted(self._keys, reverse=True)

    async def launch_link(self, tenant: str, applicant: str, email: str) -> str:
        """Ask for a link that sends somebody in. Raises Refused."""
        wish = {"applicant": applicant} | ({"email": email} if email and applicant == "principal" else {})
        return str((await self._call(tenant, "POST", "/launch-links", wish))["url"])

    async def waiting(self) -> list[Waiting]:
        """Give the applications of all tenants that wait for their principals. Raises Refused."""
        found: list[Waiting] = []
        for tenant in self.tenants:
            page = await self._call(tenant, "GET", "/enrolments?stage=awaiting_approval&limit=200")
            for each in page["enrolments"]:
                # Only one enrolment by itself says whom to ask.
                read = await self._call(tenant, "GET", f"/enrolments/{each['reference']}")
                email = read["principal_email"]
                if email is not None:
                    found.append(Waiting(tenant, each["reference"], email, read["since"], read["until"]))
        return found

    async def decide(self, tenant: str, reference: str, decision: Mapping[str, str]) -> str:
        """Hand in a principal's decision; gives the verdict. Raises Refused."""
        path = f"/enrolments/{quote(reference, safe='')}/approval"
        return str((await self._call(tenant, "POST", path, decision))["verdict"])

    async def _call(
        self, tenant: str, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        if tenant not in self._keys:
            raise Refused("unauthorized")
        headers = {"Authorization": f"Bearer {self._keys[tenant]}"}
        status = None
        try:
            client = httpx.AsyncClient(
                base_url=f"{self.origin}{_PATH}",
                transport=self._transport,
                timeout=_TIMEOUT_SECONDS,
                headers=headers,
            )
            async with client:
                answer = await client.request(method, path, json=body)
            status = answer.status_code
            content: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Refused("away") from None
        finally:
            self._logbook.note_call("out", method, f"{_PATH}{path}", status)
        if not answer.is_success:
            raise Refused(str(content.get("code", "broken")))
        return content
