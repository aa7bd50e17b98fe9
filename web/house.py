"""What every page needs, made once at the start and kept at `app.state.house`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from fastapi import Request

from domain.tenant import Tenant

if TYPE_CHECKING:
    from jinja2 import Environment

    from engine.certificates import CertificateAnswer
    from engine.enrolments import Answer, RegisterRequest, RegistrationAnswer
    from records.database import Database
    from records.missing import Missing
    from records.vault import Vault
    from settings import Settings
    from web.sealing import Sealer
    from workflows.messages import Message, RequestRevocation, Revoke


class Desk(Protocol):
    """Where the pages hand in what people decide; see `engine.enrolments.EnrolmentDesk`."""

    async def register(self, request: RegisterRequest) -> RegistrationAnswer:
        """Start an enrolment; the same reference again is the same enrolment."""
        ...

    async def tell(self, reference: str, message: Message) -> Answer:
        """Signal a message to an enrolment and ask once for its verdict."""
        ...

    async def is_open(self, reference: str) -> bool:
        """Whether an enrolment's run goes on."""
        ...

    async def missing(self) -> Missing | None:
        """What the engine lacks to take anything: itself, or something in it."""
        ...


class Registry(Protocol):
    """Where the pages say what is to become of a certificate; see `engine.certificates.CertificateDesk`."""

    async def tell(self, serial: str, message: RequestRevocation | Revoke) -> CertificateAnswer:
        """Signal a message to a certificate's run and ask once for its verdict."""
        ...


@dataclass(frozen=True)
class House:
    """The rooms a page may walk into."""

    settings: Settings
    tenants: Mapping[str, Tenant]
    database: Database
    vault: Vault
    desk: Desk
    registry: Registry
    templates: Environment
    sealer: Sealer
    namespace: str
    made_pages: dict[Hashable, bytes] = field(default_factory=dict)


def house_of(request: Request) -> House:
    """The house of the application that serves this request."""
    return cast(House, request.app.state.house)
