"""A web front over a real database, with a desk that records in place of the engine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from domain.revocation import CertificateStage
from domain.stage import Outcome, Stage, Verdict
from engine.certificates import CertificateAnswer
from engine.enrolments import Answer, RegisterRequest, RegistrationAnswer
from engine.unavailable import EngineUnavailable
from records import tickets
from records.database import Database
from records.missing import Missing
from records.tickets import Organisation, today_in_japan
from records.vault import Vault
from settings import Settings
from tests.web.certifying import Certify, certifier
from tests.web.page import Page
from web.app import create_app
from workflows.messages import Message, RequestRevocation, Revoke

ORIGIN = "http://127.0.0.1:8000"
SAMPLE = Organisation("9999999999999", "株式会社サンプル", "Sample Corporation")

NewTicket = Callable[..., Awaitable[str]]


@dataclass
class RecordingDesk:
    """Notes what the pages hand in, and answers what the test wants."""

    registrations: list[RegisterRequest] = field(default_factory=list)
    messages: list[tuple[str, Message]] = field(default_factory=list)
    registration_answer: RegistrationAnswer = field(
        default_factory=lambda: RegistrationAnswer(state="accepted", outcome=None)
    )
    answer: Answer = field(
        default_factory=lambda: Answer(
            verdict=Verdict.ACCEPTED, stage=Stage.WITHDRAWN, outcome=Outcome.ADDRESS_CORRECTED, closed=False
        )
    )
    away: bool = False
    terminated: set[str] = field(default_factory=set)

    async def register(self, request: RegisterRequest) -> RegistrationAnswer:
        """Note a registration."""
        if self.away:
            raise EngineUnavailable
        self.registrations.append(request)
        return self.registration_answer

    async def tell(self, reference: str, message: Message) -> Answer:
        """Note a message."""
        if self.away:
            raise EngineUnavailable
        self.messages.append((reference, message))
        return self.answer

    async def is_open(self, reference: str) -> bool:
        """Whether a run goes on."""
        if self.away:
            raise EngineUnavailable
        return reference not in self.terminated

    async def missing(self) -> Missing | None:
        """Whether the test wants the engine there."""
        return Missing("temporal", "Temporal cannot be reached.") if self.away else None


@dataclass
class RecordingRegistry:
    """Notes what the pages say is to become of certificates, and answers what the test wants."""

    messages: list[tuple[str, RequestRevocation | Revoke]] = field(default_factory=list)
    answer: CertificateAnswer = field(
        default_factory=lambda: CertificateAnswer(verdict=Verdict.ACCEPTED, stage=CertificateStage.VALID)
    )
    away: bool = False

    async def tell(self, serial: str, message: RequestRevocation | Revoke) -> CertificateAnswer:
        """Note a message."""
        if self.away:
            raise EngineUnavailable
        self.messages.append((serial, message))
        return self.answer


class Visitor:
    """A browser without scripts: keeps cookies, follows redirects, sends the forms of its present page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, address: str, **headers: str) -> Page:
        """Open an address."""
        return Page(await self.client.get(address, headers=headers, follow_redirects=True))

    async def press(self, page: Page, act: str = "", **fields: str) -> Page:
        """Fill in the page's form and press the button whose value is `act`; `act` is sent only if given."""
        data = page.posted_fields() | fields | ({"act": act} if act else {})
        response = await self.client.post(
            page.form_action(),
            data=data,
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=True,
        )
        return Page(response)


@pytest.fixture
def desk() -> RecordingDesk:
    """What the pages hand in."""
    return RecordingDesk()


@pytest.fixture
def registry() -> RecordingRegistry:
    """What the pages say is to become of certificates."""
    return RecordingRegistry()


@pytest.fixture
def app(settings: Settings, desk: RecordingDesk, registry: RecordingRegistry, database: Database) -> FastAPI:
    """The web front over the test's database, which is empty."""
    return create_app(settings, desk=desk, registry=registry, database=database)


@pytest.fixture
async def visitors(app: FastAPI) -> AsyncIterator[Callable[..., Visitor]]:
    """Make browsers; keyword arguments are headers that they always send."""
    clients: list[httpx.AsyncClient] = []

    def new(address: str = "192.0.2.7", **headers: str) -> Visitor:
        transport = httpx.ASGITransport(app=app, client=(address, 50000))
        clients.append(httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers))
        return Visitor(clients[-1])

    yield new
    for client in clients:
        await client.aclose()


@pytest.fixture
def visitor(visitors: Callable[..., Visitor]) -> Visitor:
    """One browser, which asks for Japanese as it asks for nothing else."""
    return visitors()


@pytest.fixture
def certify(database: Database, vault: Vault, settings: Settings) -> Certify:
    """Put a certificate on record for the usual enrolment."""
    return certifier(database, vault, settings)


@pytest.fixture
def new_ticket(database: Database) -> NewTicket:
    """Order one ticket: `code` its company code, `days` until its last good day."""

    async def new(code: str = "leo-sign", days: int = 30) -> str:
        async with database.begin() as session:
            expires_on = today_in_japan() + timedelta(days=days)
            return (await tickets.order(session, code, SAMPLE, 1, expires_on))[0]

    return new
