"""The mails of a running stack, read as its mailbox page tells them."""

from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tests.running.waiting import until


class Mail(BaseModel):
    """A mail that was received. `message_id` names its kind: `<reference.kind.number.whose@host>`."""

    model_config = ConfigDict(frozen=True)

    id: str
    sender: str = Field(alias="from")
    to: str
    subject: str
    message_id: str
    text: str
    html: str | None
    links: list[str]

    @property
    def kind(self) -> str:
        """What it says: `application_link`, `issued`, …"""
        return self.message_id.split(".")[1]

    @property
    def link(self) -> str:
        """The link to be pressed."""
        return next(link for link in self.links if "onetimetoken=" in link)


_Mails = TypeAdapter(list[Mail])


@dataclass(frozen=True)
class Mailbox:
    """The mailbox at an address."""

    url: str

    async def mails(self, to: str = "") -> list[Mail]:
        """All mails to an address, or to anybody, the newest first."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501 - loopback, no TLS
            answer = await client.get(
                f"{self.url}/messages.json", params={"to": to, "limit": 100_000}, timeout=30
            )
        return _Mails.validate_json(answer.content)

    async def mail(self, to: str, kind: str, number: int = 1, within: float = 30.0) -> Mail:
        """Wait for the `number`th mail of a kind to an address."""

        async def look() -> Mail | None:
            found = [mail for mail in reversed(await self.mails(to)) if mail.kind == kind]
            return found[number - 1] if len(found) >= number else None

        return await until(look, f"mail {kind} number {number}", within)
