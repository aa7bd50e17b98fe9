"""自動連携: the e-contract service sends somebody in by a link that fills in what it knows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from domain.stage import Applicant, Outcome
from engine.enrolments import RegistrationAnswer
from records.database import Database
from records.tables import Base, LimitUse
from settings import Settings
from tests.web.calling import Service, new_key
from tests.web.conftest import ORIGIN, NewTicket, RecordingDesk, Visitor
from tests.web.page import Page
from web import launch

EMAIL = "taro.takahashi@example.jp"
FIXED = "電子契約サービスから引き継いだ内容です。変更はできません。"

NewLink = Callable[..., Awaitable[str]]


@pytest.fixture
async def service(app: FastAPI, database: Database, settings: Settings) -> Service:
    return Service(app, await new_key(database, settings))


@pytest.fixture
def new_link(service: Service) -> NewLink:
    """Ask for a link."""

    async def new(applicant: str = "principal", **email: str) -> str:
        answer = await service.post("/launch-links", {"applicant": applicant, **email})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["url"])

    return new


async def fill_in(visitor: Visitor, form: Page, ticket: str, **more: str) -> Page:
    return await visitor.press(form, "next", ticket_number=ticket, **more)


# --- the link


async def test_a_link_says_until_when_it_is_good(service: Service) -> None:
    answer = (await service.post("/launch-links", {"applicant": "principal", "email": EMAIL})).json()

    left = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert answer["url"].startswith(f"{ORIGIN}/leopalace/launch?link=")


async def test_nobody_reads_the_address_in_the_link(new_link: NewLink) -> None:
    link = await new_link(email=EMAIL)

    assert "taro" not in link
    assert "example" not in link


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"applicant": "agent", "email": EMAIL}, "#/email"),
        ({"applicant": "principal", "email": "taro"}, "#/email"),
        ({"applicant": "principal", "email": ""}, "#/email"),
        ({"applicant": "principal", "more": 1}, "#/more"),
        ({"applicant": "stranger"}, "#"),
        ({"email": EMAIL}, "#"),
        ({}, "#"),
    ],
)
async def test_a_wrong_wish_is_told_where(service: Service, body: dict[str, str], pointer: str) -> None:
    answer = await service.post("/launch-links", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "taro" not in answer.text


async def test_opening_changes_nothing_and_leads_to_a_clean_address(
    visitor: Visitor, new_link: NewLink, database: Database, desk: RecordingDesk
) -> None:
    link = await new_link(email=EMAIL)
    before = await rows(database)

    answer = await visitor.client.get(link)

    assert answer.status_code == 303
    assert answer.headers["referrer-policy"] == "no-referrer"
    place = urlsplit(answer.headers["location"])
    assert place.path == "/leopalace/regist/step1"
    assert set(parse_qs(place.query)) == {"form"}
    assert await rows(database) == before
    assert not desk.registrations
    assert not desk.messages


async def test_a_link_opens_any_number_of_times(visitors: Callable[..., Visitor], new_link: NewLink) -> None:
    link = await new_link(email=EMAIL)

    for visitor in (visitors(), visitors(), visitors()):
        assert (await visitor.get(link)).value("email") == EMAIL


# --- the form


async def test_a_principals_form_is_filled_in_and_fixed_without_a_picture(
    visitor: Visitor, new_link: NewLink
) -> None:
    form = await visitor.get(await new_link(email=EMAIL))

    assert form.value("applicant") == "principal"
    assert (form.value("company_code"), form.value("email")) == ("leo-sign", EMAIL)
    assert "readonly" in form.field("company_code")
    assert "readonly" in form.field("email")
    assert "readonly" not in form.field("ticket_number")
    assert not form.has_field("email_confirmation")
    assert not form.has_field("picture")
    assert form.text.count(FIXED) == 3
    assert form.button("choose") is None


async def test_without_an_address_only_the_code_is_fixed(visitor: Visitor, new_link: NewLink) -> None:
    form = await visitor.get(await new_link())

    assert "readonly" in form.field("company_code")
    assert "readonly" not in form.field("email")
    assert form.has_field("email_confirmation")
    assert not form.has_field("picture")


async def test_an_agents_form_has_the_agent_chosen(visitor: Visitor, new_link: NewLink) -> None:
    form = await visitor.get(await new_link("agent"))

    assert form.value("applicant") == "agent"
    assert form.value("email") == ""
    assert "本人作業" in form.text


async def test_who_comes_that_way_registers_and_it_is_on_record(
    visitor: Visitor, new_link: NewLink, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    ticket = await new_ticket()
    form = await visitor.get(await new_link(email=EMAIL))

    confirmation = await fill_in(visitor, form, ticket)
    assert confirmation.path.endswith("/step2"), confirmation.summary
    done = await visitor.press(confirmation, "register", consent="yes")

    assert "この段階では、まだ申請は完了していません。" in done.text
    [registered] = desk.registrations
    assert registered.launched
    assert registered.registration.email == EMAIL
    assert registered.registration.applicant is Applicant.PRINCIPAL
    assert done.button("correct") is None, "the address is the service's"


async def test_posted_data_that_contradict_the_link_do_not_count(
    visitor: Visitor, new_link: NewLink, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    ticket = await new_ticket()
    form = await visitor.get(await new_link(email=EMAIL))

    confirmation = await fill_in(
        visitor,
        form,
        ticket,
        applicant="agent",
        company_code="contracthub",
        email="other@example.jp",
        email_confirmation="other@example.jp",
    )
    await visitor.press(confirmation, "register", consent="yes", email="third@example.jp")

    [registered] = desk.registrations
    assert registered.registration.email == EMAIL
    assert registered.registration.company_code == "leo-sign"
    assert registered.registration.applicant is Applicant.PRINCIPAL


async def test_a_mistake_and_the_way_back_keep_what_is_fixed(
    visitor: Visitor, new_link: NewLink, new_ticket: NewTicket
) -> None:
    form = await visitor.get(await new_link(email=EMAIL))

    wrong = await fill_in(visitor, form, "nonsense")
    assert set(wrong.summary) == {"ticket_number"}
    assert wrong.value("ticket_number") == "nonsense"
    confirmation = await fill_in(visitor, wrong, await new_ticket())
    back = await visitor.press(confirmation, "back")

    for page in (wrong, back):
        assert "readonly" in page.field("email")
        assert not page.has_field("picture")


async def test_a_ticket_that_another_took_leaves_the_form_fixed(
    visitor: Visitor, new_link: NewLink, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.registration_answer = RegistrationAnswer(state="refused", outcome=Outcome.TICKET_TAKEN)
    form = await visitor.get(await new_link(email=EMAIL))
    confirmation = await fill_in(visitor, form, await new_ticket())

    again = await visitor.press(confirmation, "register", consent="yes")

    assert set(again.summary) == {"ticket_number"}
    assert "readonly" in again.field("email")
    assert not again.has_field("picture")


async def test_the_next_person_of_an_agent_copies_a_picture_again(
    visitor: Visitor, new_link: NewLink, new_ticket: NewTicket
) -> None:
    form = await visitor.get(await new_link("agent"))
    own = {"email": "hanako.sato@example.jp", "email_confirmation": "hanako.sato@example.jp"}
    confirmation = await fill_in(visitor, form, await new_ticket(), **own)
    done = await visitor.press(confirmation, "register", consent="yes")

    following = await visitor.press(done, "next")

    assert (following.value("company_code"), following.value("email")) == ("leo-sign", own["email"])
    assert following.value("ticket_number") == ""
    assert "readonly" not in following.field("company_code")
    assert following.has_field("picture")


# --- links that do not open


async def test_an_expired_link_says_so_and_has_a_way_on(
    visitor: Visitor, new_link: NewLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "GOOD_FOR", timedelta(0))

    page = await visitor.get(await new_link(email=EMAIL))

    assert page.status == 410
    assert page.title.startswith("このリンクの有効期限が切れています")
    assert page.link("申請登録へ") == "/leopalace/regist/step1"
    assert "taro" not in page.html


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_an_altered_link_opens_nothing(visitor: Visitor, new_link: NewLink, language: str) -> None:
    link = await new_link(email=EMAIL)
    sealed = link.partition("=")[2]

    for altered in ("", "x", sealed[:-4], sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]):
        page = await visitor.get(f"/leopalace/launch?link={altered}&lang={language}")
        assert page.status == 400
        assert ("このリンクは使えません" if language == "ja" else "This link cannot be used") in page.title


async def test_a_link_opens_its_own_tenants_front_only(visitor: Visitor, new_link: NewLink) -> None:
    link = await new_link(email=EMAIL)

    page = await visitor.get(link.replace("/leopalace/", "/contracthub/"))

    assert page.status == 400
    assert "taro" not in page.html


async def rows(database: Database) -> dict[str, int]:
    """How many rows every table has, but for the counts of the rate limits."""
    async with database.begin() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name != LimitUse.__tablename__
        }
