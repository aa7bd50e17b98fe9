"""Enrolments as the read model shows them, and the links that were mailed for them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from domain.application import Application
from domain.link_token import LinkToken, Purpose, sign
from domain.reference import Reference
from domain.stage import Applicant, Language, Stage
from records import enrolments
from records.database import Database
from records.enrolments import Details, Standing
from records.vault import Vault
from settings import Settings
from tests.web.page import Page

TAKAHASHI = {
    "family_name": "髙橋",
    "given_name": "太郎",
    "family_name_latin": "Takahashi",
    "given_name_latin": "Taro",
    "family_name_kana": "タカハシ",
    "given_name_kana": "タロウ",
    "company_name": "株式会社サンプル",
    "company_name_latin": "Sample Corporation",
    "corporate_number": "9999999999999",
    "phone": "03-0000-0000",
    "validity_years": "2",
}
SATO = {
    "email": "taro.takahashi@example.jp",
    "email_confirmation": "taro.takahashi@example.jp",
    "agent_name": "佐藤 花子",
    "agent_company": "株式会社サンプル",
}
REFERENCE = Reference(b"\x01\x23\x45\x67\x89\xab\xcd\xef")
HOME = f"/leopalace/enrolments/{REFERENCE.text}"
PATHS = {
    Purpose.APPLICATION: "realregist/step1",
    Purpose.APPROVAL: "approval",
    Purpose.STATUS: "status",
}

Write = Callable[..., Awaitable[None]]


def application(**changes: object) -> Application:
    """Takahashi's application; an agent's with `agent_name` and `agent_company`."""
    facts: dict[str, object] = {**TAKAHASHI, "validity_years": 2, "email": "taro.takahashi@example.jp"}
    return Application.model_validate(facts | changes)


def agents_application() -> Application:
    """Takahashi's application, made by Sato."""
    return application(agent_name=SATO["agent_name"], agent_company=SATO["agent_company"])


def link(
    settings: Settings, purpose: Purpose = Purpose.APPLICATION, generation: int = 1, tenant: str = "leopalace"
) -> str:
    """The mailed link of `REFERENCE`'s enrolment."""
    token = sign(LinkToken(purpose, generation, REFERENCE), settings.link_keyring)
    return f"/{tenant}/{PATHS[purpose]}?onetimetoken={token}"


def writer(database: Database, vault: Vault, settings: Settings) -> Write:
    """Write where `REFERENCE`'s enrolment stands; keyword arguments change the standing or the details."""

    async def write(stage: Stage = Stage.REGISTERED, **changes: object) -> None:
        now = datetime.now(UTC)
        agent = changes.get("applicant") is Applicant.AGENT
        standing: dict[str, object] = {
            "reference": REFERENCE.text,
            "tenant": "leopalace",
            "applicant": Applicant.PRINCIPAL,
            "language": Language.JA,
            "stage": stage,
            "since": now - timedelta(hours=1),
            "until": None if stage.ended else now + timedelta(days=3),
            "attention": None,
            "outcome": None,
            "generation": 1,
            "redeemed_generation": None if stage is Stage.REGISTERED else 1,
            "approval_round": 0,
            "ordered": False,
            "registered_at": now - timedelta(hours=2),
        }
        details: dict[str, object] = {
            "email": "hanako.sato@example.jp" if agent else "taro.takahashi@example.jp",
            "ticket_number": "14f75199c-82f4-419b-8041-5f8631cb488ep",
            "corporate_number": "9999999999999",
            "company_name": "株式会社サンプル",
            "company_name_latin": "Sample Corporation",
        }
        for name, value in changes.items():
            (standing if name in standing else details)[name] = value
        async with database.begin() as session:
            await enrolments.write(
                session,
                vault,
                settings.digest_key,
                Standing.model_validate(standing),
                Details.model_validate(details),
            )

    return write


def personal(page: Page) -> list[str]:
    """Whatever on a page would tell a stranger something about Takahashi or Sato."""
    words = ["髙橋", "太郎", "Takahashi", "taro.takahashi", "佐藤", "hanako.sato", "14f75199c"]
    return [word for word in words if word in page.html]
