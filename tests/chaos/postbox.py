"""Everybody's mails, collected from the mail catcher's pages, which may be away now and then."""

import asyncio
from collections.abc import Callable

import httpx

from tests.running.mailbox import Mail, Mailbox

_LOOK_EVERY = 0.3  # seconds
_NEWEST = 20


class Postbox:
    """Knows each mail from soon after it came."""

    def __init__(self, mailbox: Mailbox) -> None:
        """Collect from a mailbox, once `collect()` runs."""
        self._url = mailbox.url
        self._mails: dict[str, Mail] = {}
        self._arrived = asyncio.Condition()

    @property
    def mails(self) -> list[Mail]:
        """Every mail so far, in no particular order; one that came twice is there twice."""
        return list(self._mails.values())

    async def collect(self) -> None:
        """Look for new mails until cancelled."""
        async with httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=30) as client:
            newest = ""
            while True:
                try:
                    if (now := (await client.get("/newest.json")).json()["id"]) != newest:
                        await self._fetch(client)
                        newest = now
                except httpx.TransportError:
                    pass  # it comes back
                await asyncio.sleep(_LOOK_EVERY)

    async def mail(self, reference: str, kind: str, to: str, than: int, within: float) -> Mail:
        """Wait for an enrolment's mail of a kind to an address with a higher number than `than`.

        Raises TimeoutError.
        """

        def wanted(mail: Mail) -> bool:
            named, its_kind, number = mail.message_id.strip("<").split(".")[:3]
            return (named, its_kind, mail.to) == (reference, kind, to) and int(number) > than

        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: self._newest(wanted) is not None)
        found = self._newest(wanted)
        assert found is not None
        return found

    def _newest(self, wanted: Callable[[Mail], bool]) -> Mail | None:
        return max(filter(wanted, self._mails.values()), key=number_of, default=None)

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        limit = _NEWEST
        while True:
            answer = await client.get("/messages.json", params={"limit": limit})
            found = [Mail.model_validate(each) for each in answer.json()]
            if len(found) < limit or any(mail.id in self._mails for mail in found):
                break
            limit *= 8
        async with self._arrived:
            self._mails.update({mail.id: mail for mail in found})
            self._arrived.notify_all()


def number_of(mail: Mail) -> int:
    """The generation or round of a mail."""
    return int(mail.message_id.split(".")[2])
