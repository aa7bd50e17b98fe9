"""Somebody who applies with a browser of the plainest kind: HTTP, cookies, forms, no scripts."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from uuid import uuid4

import httpx
import pytest_asyncio

from domain.reference import Reference
from tests.running.mailbox import Mail
from tests.running.stack import CAPTCHA_ANSWER, Stack
from tests.running.waiting import until
from tests.web.page import Page

TARO = {
    "family_name": "髙橋",
    "given_name": "太郎",
    "family_name_latin": "Takahashi",
    "given_name_latin": "Taro",
    "family_name_kana": "たかはし",
    "given_name_kana": "ﾀﾛｳ",
    "phone": "03-0000-0000",
    "validity_years": "1",
}
"""What a principal types into the application; the company is filled in already."""

AGENT = {"agent_name": "佐藤 花子", "agent_company": "株式会社代理"}
"""What an agent types about themselves."""

AGREED = {"decision": "approve", "obligations": "yes"}
"""What the principal chooses who approves."""

ISSUED = "証明書は発行されています"

_numbers = count(1)


def new_address(name: str = "taro.takahashi") -> str:
    """An address that no other test writes to."""
    return f"{name}.{next(_numbers)}@example.jp"


@dataclass
class Enrolling:
    """One enrolment, and the person behind it; `client` holds the cookies."""

    stack: Stack
    client: httpx.AsyncClient
    ticket: str
    email: str
    tenant: str = "leopalace"
    company_code: str = "leo-sign"
    applicant: str = "principal"
    reference: str = ""

    @property
    def home(self) -> str:
        """The path of the enrolment's pages."""
        return f"/{self.tenant}/enrolments/{self.reference}"

    async def get(self, address: str) -> Page:
        """Open an address of the web front."""
        return Page(await self.client.get(address))

    async def post(self, action: str, fields: dict[str, str]) -> Page:
        """Send a form."""
        return Page(await self.client.post(action, data=fields))

    async def choose(self) -> Page:
        """選択: the form with its fields enabled."""
        form = await self.get(f"/{self.tenant}/regist/step1")
        chosen = {"applicant": self.applicant, "act": "choose"}
        return await self.post(form.form_action(), form.posted_fields() | chosen)

    async def confirmation(self, **changes: str) -> Page:
        """Fill in the registration as far as its confirmation, or the form with what is wrong."""
        form = await self.get(f"/{self.tenant}/regist/step1")
        typed = {
            "applicant": self.applicant,
            "company_code": self.company_code,
            "ticket_number": self.ticket,
            "email": self.email,
            "email_confirmation": self.email,
            "picture": CAPTCHA_ANSWER,
            "act": "next",
        }
        return await self.post(form.form_action(), form.posted_fields() | typed | changes)

    async def register(self) -> Page:
        """申請登録, and remember the reference that the last page shows."""
        confirmation = await self.confirmation()
        fields = confirmation.posted_fields() | {"consent": "yes", "act": "register"}
        done = await self.post(confirmation.form_action(), fields)
        shown = re.search(r"受付番号 ([0-9A-Z-]{16})", done.text)
        assert shown, done.text
        self.reference = Reference.parse(shown[1]).text
        return done

    async def mail(self, kind: str = "application_link", number: int = 1, to: str | None = None) -> Mail:
        """Wait for a mail."""
        return await self.stack.mailbox.mail(to or self.email, kind, number)

    async def press(self, link: str) -> Page:
        """Open a mailed link and press its button."""
        landing = await self.get(link)
        assert landing.status == HTTPStatus.OK, landing.text
        return await self.post(landing.form_action(), landing.posted_fields())

    async def ask_for_new_link(self) -> None:
        """新しいURLをメールで受け取る."""
        asked = await self.post(f"{self.home}/link", {"purpose": "application", "form_id": uuid4().hex})
        assert asked.status == HTTPStatus.OK, asked.text

    async def open(self) -> Page:
        """Register, wait for the mail and press its link: the application form."""
        await self.register()
        form = await self.press((await self.mail()).link)
        assert form.path == f"{self.home}/application", form.text
        return form

    async def fill_in(self, **changes: str) -> Page:
        """次へ in the application: its confirmation, or the form with what is wrong."""
        form = await self.get(f"{self.home}/application")
        own = AGENT if self.applicant == "agent" else {}
        return await self.post(f"{self.home}/application", form.posted_fields() | TARO | own | changes)

    async def submit(self, **changes: str) -> Page:
        """次へ and 発行申請."""
        confirmation = await self.fill_in(**changes)
        assert confirmation.path.endswith("/confirm"), confirmation.summary
        done = await self.post(f"{self.home}/application/submit", confirmation.posted_fields())
        assert done.path.endswith("/done"), done.text
        return done

    async def approve_as(self, principal: str) -> Page:
        """承認する, by the link in the principal's mail; one browser plays both."""
        approval = await self.press((await self.mail("approval_request", to=principal)).link)
        return await self.post(approval.form_action(), approval.posted_fields() | AGREED)

    async def shows(self, words: str, within: float = 30.0) -> Page:
        """Wait until the status page shows certain words."""

        async def look() -> Page | None:
            page = await self.get(f"{self.home}/status")
            return page if words in page.text else None

        return await until(look, f"the status page shows {words}", within)


async def issued_at(people: "People") -> Enrolling:
    """Somebody whose enrolment went all the way."""
    applicant = await people.new()
    await applicant.open()
    await applicant.submit()
    await applicant.mail("issued")
    await applicant.shows(ISSUED)
    return applicant


class People:
    """Makes people who apply at a stack."""

    def __init__(self, stack: Stack, clients: AsyncExitStack) -> None:
        """`clients` closes their browsers."""
        self._stack = stack
        self._clients = clients

    async def new(self, **facts: str) -> Enrolling:
        """Somebody with a browser, a ticket and an address of their own."""
        client = httpx.AsyncClient(
            base_url=self._stack.web,
            headers={"Sec-Fetch-Site": "same-origin", "Accept-Language": "ja"},
            follow_redirects=True,
            timeout=30,
            trust_env=False,
        )
        await self._clients.enter_async_context(client)
        company_code = facts.get("company_code", "leo-sign")
        given = {"ticket": self._stack.ticket(company_code), "email": new_address()} | facts
        return Enrolling(self._stack, client, **given)


@pytest_asyncio.fixture(scope="module")
async def people(stack: Stack) -> AsyncIterator[People]:
    """People who apply at the shared stack."""
    async with AsyncExitStack() as clients:
        yield People(stack, clients)
