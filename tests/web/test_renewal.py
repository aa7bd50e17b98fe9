"""更新: the reminder's link, the form filled in, and what the new application shows of the old one."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.link_token import RENEWAL_BY_APPLICANT, RENEWAL_BY_PRINCIPAL, LinkToken, Purpose, sign
from domain.reference import Reference
from domain.stage import Applicant, Language, Stage, Verdict
from engine.enrolments import Answer
from records import enrolments
from records.database import Database
from records.enrolments import Details, Standing
from records.vault import Vault
from settings import Settings
from tests.web.certifying import EMAIL, Certify
from tests.web.conftest import NewTicket, RecordingDesk, Visitor
from tests.web.enrolling import REFERENCE, agents_application, personal
from tests.web.page import Page

NEW = Reference(b"\x11\x23\x45\x67\x89\xab\xcd\xef")
HOME = f"/leopalace/enrolments/{NEW.text}"
AGENTS = {"applicant": Applicant.AGENT, "application": agents_application()}


def link(settings: Settings, whose: int = RENEWAL_BY_APPLICANT, tenant: str = "leopalace") -> str:
    """The link in a reminder."""
    token = sign(LinkToken(Purpose.RENEWAL, whose, REFERENCE), settings.link_keyring)
    return f"/{tenant}/renewal?onetimetoken={token}"


async def test_the_link_opens_the_registration_with_everything_but_the_ticket(
    visitor: Visitor, desk: RecordingDesk, certify: Certify, settings: Settings, new_ticket: NewTicket
) -> None:
    await certify()
    page = await visitor.get(link(settings))
    assert page.path == "/leopalace/regist/step1"
    assert "onetimetoken" not in str(page.response.url)
    assert "新しいチケット番号を入力してください" in page.text
    filled = {name: page.value(name) for name in ("applicant", "company_code", "email", "email_confirmation")}
    assert filled == {
        "applicant": "principal",
        "company_code": "leo-sign",
        "email": EMAIL,
        "email_confirmation": EMAIL,
    }
    assert page.value("ticket_number") == ""
    assert page.has_field("picture"), "a mailed link is no proof that a person is there"
    confirmation = await visitor.press(page, "next", ticket_number=await new_ticket(), picture="abcd2")
    await visitor.press(confirmation, "register", consent="yes")
    (request,) = desk.registrations
    assert (request.renews, request.launched) == (REFERENCE.text, False)


async def test_an_agents_reminders_open_the_form_for_each_of_the_two(
    visitor: Visitor, certify: Certify, settings: Settings
) -> None:
    await certify(AGENTS)
    page = await visitor.get(link(settings, RENEWAL_BY_APPLICANT))
    assert (page.value("applicant"), page.value("email")) == ("agent", "hanako.sato@example.jp")
    page = await visitor.get(link(settings, RENEWAL_BY_PRINCIPAL))
    assert (page.value("applicant"), page.value("email")) == ("principal", EMAIL)


async def test_a_revoked_certificate_is_not_renewed(
    visitor: Visitor, certify: Certify, settings: Settings
) -> None:
    await certify(revoked_at=datetime.now(UTC))
    page = await visitor.get(link(settings))
    assert page.status == 410
    assert "このURLからは更新できません" in page.text
    assert personal(page) == []


@pytest.mark.parametrize("token", ["", "junk", "ff" * 32])
async def test_junk_is_told_so(visitor: Visitor, token: str) -> None:
    assert (await visitor.get(f"/leopalace/renewal?onetimetoken={token}")).status in {404, 410}


async def test_another_tenants_link_is_shown_the_right_page(
    visitor: Visitor, certify: Certify, settings: Settings
) -> None:
    await certify()
    page = await visitor.get(link(settings, tenant="contracthub"))
    assert page.link("正しいページを開く") == link(settings)
    assert personal(page) == []


# --- the new application

Apply = Callable[..., Awaitable[Page]]


@pytest.fixture
async def apply(
    visitor: Visitor, desk: RecordingDesk, database: Database, vault: Vault, settings: Settings
) -> Apply:
    """Redeem the new enrolment's link; gives the application form."""

    async def write(stage: Stage, facts: dict[str, object]) -> None:
        now = datetime.now(UTC)
        standing = Standing.model_validate(
            {
                "reference": NEW.text,
                "tenant": "leopalace",
                "applicant": facts.get("applicant", Applicant.PRINCIPAL),
                "language": Language.JA,
                "stage": stage,
                "since": now,
                "until": now + timedelta(days=3),
                "attention": None,
                "outcome": None,
                "generation": 1,
                "redeemed_generation": 1 if stage is Stage.APPLYING else None,
                "approval_round": 0,
                "ordered": False,
                "registered_at": now,
            }
        )
        details = Details.model_validate(
            {
                "email": EMAIL,
                "ticket_number": "t",
                "corporate_number": "9999999999999",
                "company_name": "株式会社サンプル",
                "company_name_latin": "Sample Corporation Holdings",
                "renews": REFERENCE.text,
            }
            | facts
        )
        async with database.begin() as session:
            await enrolments.write(session, vault, settings.digest_key, standing, details)

    async def redeem(**facts: object) -> Page:
        await write(Stage.REGISTERED, facts)
        token = sign(LinkToken(Purpose.APPLICATION, 1, NEW), settings.link_keyring)
        desk.answer = Answer(verdict=Verdict.ACCEPTED, stage=Stage.APPLYING)
        landing = await visitor.get(f"/leopalace/realregist/step1?onetimetoken={token}")
        assert personal(landing) == []
        await write(Stage.APPLYING, facts)
        return await visitor.press(landing)

    return redeem


async def test_the_new_application_begins_with_the_old_one_and_shows_what_changes(
    visitor: Visitor, certify: Certify, apply: Apply
) -> None:
    await certify()
    form = await apply()
    assert form.path == f"{HOME}/application"
    assert "更新の申請です" in form.text
    assert (form.value("family_name"), form.value("phone")) == ("髙橋", "03-0000-0000")
    assert form.value("company_name_latin") == "Sample Corporation Holdings", "the ticket's organisation"
    confirmation = await visitor.press(form, family_name="佐々木", family_name_latin="Sasaki")
    assert "前回の申請から変わるところ" in confirmation.text
    assert "前回：髙橋 今回：佐々木" in confirmation.text
    assert "前回：Sample Corporation 今回：Sample Corporation Holdings" in confirmation.text
    assert "前回：太郎" not in confirmation.text


async def test_that_nothing_changes_is_said(visitor: Visitor, certify: Certify, apply: Apply) -> None:
    await certify()
    confirmation = await visitor.press(await apply(company_name_latin="Sample Corporation"))
    assert "変更はありません。" in confirmation.text


async def test_another_address_sees_nothing_of_the_old_application(certify: Certify, apply: Apply) -> None:
    await certify()
    form = await apply(email="mallory@example.jp")
    assert "更新の申請です" not in form.text
    assert {form.value(name) for name in ("family_name", "given_name_latin", "phone")} == {""}
    assert "前回" not in form.text


async def test_the_principal_may_renew_what_an_agent_applied_for(certify: Certify, apply: Apply) -> None:
    await certify(AGENTS)
    form = await apply()
    assert form.value("family_name") == "髙橋"
    assert not form.has_field("agent_name")


async def test_an_agents_renewal_has_everything_filled_in_and_shows_another_address_for_the_principal(
    visitor: Visitor, certify: Certify, apply: Apply
) -> None:
    await certify(AGENTS)
    form = await apply(applicant=Applicant.AGENT, email="hanako.sato@example.jp")
    names = ("family_name", "given_name_latin", "email", "email_confirmation", "agent_name", "agent_company")
    assert [form.value(name) for name in names] == [
        "髙橋",
        "Taro",
        EMAIL,
        EMAIL,
        "佐藤 花子",
        "株式会社サンプル",
    ]
    moved = dict.fromkeys(("email", "email_confirmation"), "taro@example.org")
    assert f"前回：{EMAIL} 今回：taro@example.org" in (await visitor.press(form, **moved)).text


async def test_an_ordinary_application_shows_nothing_of_a_renewal(apply: Apply) -> None:
    form = await apply(renews=None)
    assert "更新の申請です" not in form.text
    assert form.value("family_name") == ""
