"""Somebody who applies while everything around them fails now and then, and who behaves as people do.

No answer, an error page, "received, will go on": they wait a moment and press the same button again, which
sends the same form with the same form id. Sometimes they press twice to begin with. They ask for a mail once
more only when none has come.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random

import httpx

from tests.chaos.postbox import Postbox, number_of
from tests.running.enrolling import Enrolling
from tests.web.page import Page

AGAIN = frozenset(
    {
        HTTPStatus.ACCEPTED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""Answers after which a person waits a moment and tries the same again."""

A_MOMENT = 0.7  # seconds
_PRESSES_TWICE = 0.15
_MAIL_WITHIN = 150.0  # seconds; an attempt that died with its worker is repeated after two minutes


@dataclass
class Experience:
    """What the people of a run met with: how often they had to try again, and why; how many pressed twice."""

    again: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    asked: int = 0


async def insist(send: Callable[[], Awaitable[httpx.Response]], met: Experience) -> Page:
    """Send until there is an answer to go on with."""
    while True:
        try:
            page = Page(await send())
        except httpx.TransportError:
            met.again["no answer"] += 1
        else:
            if page.status not in AGAIN:
                return page
            met.again[str(page.status)] += 1
        await asyncio.sleep(A_MOMENT)


@dataclass
class Person(Enrolling):
    """One person at the front, with the patience of a person."""

    postbox: Postbox = field(kw_only=True)
    draw: Random = field(kw_only=True)
    met: Experience = field(kw_only=True)
    _pressed: Counter[str] = field(default_factory=Counter)

    async def get(self, address: str) -> Page:
        """Open an address, as often as it takes."""
        return await insist(lambda: self.client.get(address), self.met)

    async def post(self, action: str, fields: dict[str, str]) -> Page:
        """Press a button, as often as it takes, and sometimes twice."""

        async def send() -> httpx.Response:
            return await self.client.post(action, data=fields)

        if self.draw.random() < _PRESSES_TWICE:
            self.met.twice += 1
            return await insist(lambda: _twice(send), self.met)
        return await insist(send, self.met)

    async def follow(self, kind: str, to: str = "") -> Page:
        """Wait for the newest link of a kind that was not pressed yet, and press it."""
        address = to or self.email
        than = self._pressed[kind]
        try:
            mail = await self.postbox.mail(self.reference, kind, address, than, _MAIL_WITHIN)
        except TimeoutError:
            self.met.asked += 1
            await self.ask_for_new_link()
            mail = await self.postbox.mail(self.reference, kind, address, than, _MAIL_WITHIN)
        self._pressed[kind] = number_of(mail)
        return await self.press(mail.link)

    def passes_over(self, kind: str) -> None:
        """Leave a link alone that there is no need to press any more."""
        self._pressed[kind] += 1

    async def open(self) -> Page:
        """Register, wait for the mail and press its link: the application form."""
        await self.register()
        return await self.follow("application_link")

    async def submit(self, **changes: str) -> Page:
        """次へ and 発行申請. Sent once more after a lost answer, it leads to the status page instead."""
        confirmation = await self.fill_in(**changes)
        assert confirmation.path.endswith("/confirm"), (confirmation.path, confirmation.summary)
        done = await self.post(f"{self.home}/application/submit", confirmation.posted_fields())
        assert done.path.endswith(("/done", "/status")), (done.path, done.title)
        return done

    async def shows(self, words: str, within: float = 300.0) -> Page:
        """Look at the status page until it shows certain words. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while words not in (page := await self.get(f"{self.home}/status")).text:
                await asyncio.sleep(A_MOMENT)
        return page


async def _twice(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Press twice at once; what a browser shows is the answer to the second press."""
    first, second = await asyncio.gather(send(), send(), return_exceptions=True)
    if isinstance(second, BaseException):
        if isinstance(first, BaseException):
            raise second
        return first
    return second
