"""Mailed links: GET changes nothing, the press redeems once, every dead link explains itself."""

from collections.abc import Callable

import pytest

from domain.link_token import LinkToken, Purpose, sign
from domain.stage import Applicant, Outcome, Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.certifying import TICKET
from tests.web.conftest import RecordingDesk, Visitor
from tests.web.enrolling import HOME, REFERENCE, Write, agents_application, link, personal, writer
from web.endings import ENDINGS
from workflows.messages import RedeemLink, ResendLink

ACCEPTED = Answer(verdict=Verdict.ACCEPTED, stage=Stage.APPLYING)


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    return writer(database, vault, settings)


@pytest.fixture(autouse=True)
def accepting(desk: RecordingDesk) -> None:
    desk.answer = ACCEPTED


async def test_a_get_changes_nothing_and_says_whose_application_it_is(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    page = await visitor.get(link(settings))
    assert page.status == 200
    assert "t•••@example.jp" in page.text
    assert REFERENCE.grouped in page.text
    assert "taro.takahashi" not in page.html
    assert desk.messages == []
    assert "set-cookie" not in page.response.headers


async def test_the_press_redeems_and_leads_to_a_clean_address(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    landing = await visitor.get(link(settings))
    page = await visitor.press(landing)
    assert page.path == f"{HOME}/application"
    assert "onetimetoken" not in str(page.response.url)
    [(reference, message)] = desk.messages
    assert reference == REFERENCE.text
    assert isinstance(message, RedeemLink)
    assert (message.generation, message.purpose) == (1, "application")
    assert message.message_id == landing.value("form_id")
    [cookie] = [c for c in page.response.history[0].headers.get_list("set-cookie") if "jcan_enrolment" in c]
    assert f"Path={HOME};" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "expires=" in cookie
    assert REFERENCE.text not in cookie.partition("=")[2].partition(";")[0]


async def test_a_press_answered_as_repeated_opens_nothing_in_another_browser(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    landing = await visitor.get(link(settings))
    await write(Stage.APPLYING)
    desk.answer = Answer(verdict=Verdict.REPEATED, stage=Stage.APPLYING)
    page = await visitor.press(landing)
    assert page.status == 410
    assert "すでに使われています" in page.text
    assert personal(page) == []
    assert page.has_field("purpose")


async def test_a_used_link_goes_on_in_its_browser_and_only_mails_a_new_one_in_another(
    visitors: Callable[..., Visitor], write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    first, second = visitors(), visitors()
    await first.press(await first.get(link(settings)))
    await write(Stage.APPLYING)
    assert (await first.get(link(settings))).path == f"{HOME}/application"
    elsewhere = await second.get(link(settings))
    assert personal(elsewhere) == []
    assert elsewhere.posted_fields().keys() == {"purpose", "form_id"}
    sent = await second.press(elsewhere)
    assert "新しいURLをお送りします" in sent.text
    assert personal(sent) == []
    assert isinstance(desk.messages[-1][1], ResendLink)
    assert desk.messages[-1][1].purpose == "application"


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "URLが正しくありません"),
        ("abc", "URLが正しくありません"),
        ("G" * 64, "URLが正しくありません"),
        ("ff" * 32, "このURLは古いため"),
    ],
)
async def test_junk_is_explained(visitor: Visitor, token: str, says: str) -> None:
    page = await visitor.get(f"/leopalace/realregist/step1?onetimetoken={token}")
    assert says in page.text
    assert page.link("状況確認") == "/leopalace/status"


async def test_junk_dies_before_anything_is_read(
    visitor: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "begin", never)
    good = link(settings)
    forged = good[:-1] + ("0" if good[-1] != "0" else "1")
    retired = sign(LinkToken(Purpose.APPLICATION, 1, REFERENCE), {9: bytes(32)})
    assert "確認できませんでした" in (await visitor.get(forged)).text
    page = await visitor.get(f"/leopalace/realregist/step1?onetimetoken={retired}")
    assert "このURLは古いため" in page.text


async def test_a_link_of_another_purpose_or_tenant_leads_to_its_own_page(
    visitor: Visitor, write: Write, settings: Settings
) -> None:
    await write()
    for wrong in (
        link(settings, Purpose.STATUS).replace("/status?", "/realregist/step1?"),
        link(settings, Purpose.STATUS, tenant="contracthub"),
    ):
        page = await visitor.get(wrong)
        assert page.status == 404
        assert page.link("正しいページを開く") == link(settings, Purpose.STATUS)


async def test_a_superseded_link_says_so_and_offers_another(
    visitor: Visitor, write: Write, settings: Settings
) -> None:
    await write(Stage.APPLYING, generation=2)
    page = await visitor.get(link(settings))
    assert "新しいURLに置き換えられました" in page.text
    assert page.value("purpose") == "application"


async def test_a_link_of_an_unknown_enrolment_says_so(visitor: Visitor, settings: Settings) -> None:
    page = await visitor.get(link(settings))
    assert page.status == 404
    assert "申請が見つかりません" in page.text


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_every_end_is_explained(
    visitor: Visitor, write: Write, settings: Settings, outcome: Outcome
) -> None:
    stage = Stage.ISSUED if outcome in {Outcome.INSTALLED, Outcome.REVOKED} else Stage.EXPIRED
    await write(stage, outcome=outcome)
    page = await visitor.get(link(settings))
    assert page.status == 410
    assert ENDINGS[outcome].title in page.text
    assert ENDINGS[outcome].next in page.text
    assert personal(page) == []


async def test_a_press_after_the_deadline_says_that_the_link_expired(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    desk.answer = Answer(verdict=Verdict.TOO_LATE, stage=Stage.REGISTERED)
    page = await visitor.press(await visitor.get(link(settings)))
    assert "有効期限が過ぎました" in page.text


async def test_without_a_verdict_the_press_is_received_and_the_same_message_goes_on(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    desk.answer = Answer()
    page = await visitor.press(await visitor.get(link(settings)))
    assert page.status == 202
    assert "受け付けました" in page.text
    desk.answer = ACCEPTED
    page = await visitor.press(page)
    assert page.path == f"{HOME}/application"
    assert len({message.message_id for _, message in desk.messages}) == 1


async def test_a_press_while_the_engine_is_away_says_that_nothing_happened(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    desk.away = True
    page = await visitor.press(await visitor.get(link(settings)))
    assert page.status == 503
    assert page.response.headers["retry-after"]


async def test_new_links_are_limited_and_the_same_press_is_not_counted_twice(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write(Stage.APPLYING, generation=2)
    page = await visitor.get(link(settings))
    assert "新しいURLをお送りします" in (await visitor.press(page)).text
    assert "新しいURLをお送りします" in (await visitor.press(page)).text
    assert len({message.message_id for _, message in desk.messages}) == 1
    refused = await visitor.press(await visitor.get(link(settings)))
    assert refused.status == 429
    assert 0 < int(refused.response.headers["retry-after"]) <= 60
    assert len({message.message_id for _, message in desk.messages}) == 1


async def test_status_links_are_asked_for_with_the_same_answer_for_everybody(
    visitors: Callable[..., Visitor], write: Write, desk: RecordingDesk
) -> None:
    await write(Stage.IN_REVIEW)
    pages = []
    for email in ("taro.takahashi@example.jp", "nobody@example.jp"):
        visitor = visitors()
        pages.append(await visitor.press(await visitor.get("/leopalace/status"), email=email))
    assert pages[0].text == pages[1].text
    [(reference, message)] = desk.messages
    assert reference == REFERENCE.text
    assert isinstance(message, ResendLink)
    assert message.purpose == "status"


async def test_while_the_engine_is_away_nobody_is_told_to_wait_for_a_status_link(
    visitor: Visitor, write: Write, desk: RecordingDesk
) -> None:
    await write(Stage.IN_REVIEW)
    desk.away = True
    for email in ("taro.takahashi@example.jp", "nobody@example.jp"):
        page = await visitor.press(await visitor.get("/leopalace/status"), email=email)
        assert page.status == 503
        assert "お手続きはまだ受け付けられていません" in page.text


async def test_too_many_requests_for_status_links_are_refused_and_what_was_typed_stays(
    visitor: Visitor, write: Write, desk: RecordingDesk
) -> None:
    await write(Stage.IN_REVIEW)
    fields = {"email": "Taro.Takahashi@example.jp", "ticket_number": TICKET}
    await visitor.press(await visitor.get("/leopalace/status"), **fields)
    refused = await visitor.press(await visitor.get("/leopalace/status"), **fields)
    assert refused.status == 429
    assert 0 < int(refused.response.headers["retry-after"]) <= 60
    assert {name: refused.value(name) for name in fields} == fields
    assert "後にもう一度お試しください" in refused.text
    assert len(desk.messages) == 1


async def test_asking_for_a_status_link_without_an_address_says_so_at_the_field(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get("/leopalace/status"), ticket_number="1")
    assert page.title.startswith("エラー：")
    assert page.summary.keys() == {"email", "ticket_number"}


async def test_the_status_of_an_ended_enrolment_opens_once(
    visitors: Callable[..., Visitor], write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write(Stage.ISSUED, outcome=Outcome.INSTALLED, ordered=True, serial="4f3c9a7b")
    first, second = visitors(), visitors()
    landing = await first.get(link(settings, Purpose.STATUS))
    twin = await second.get(link(settings, Purpose.STATUS))
    assert "4f3c9a7b" in (await first.press(landing)).text
    assert personal(await second.press(twin)) == []
    assert desk.messages == []


async def test_the_principals_landing_page_names_the_agent_until_it_is_pressed(
    visitors: Callable[..., Visitor], write: Write, settings: Settings
) -> None:
    await write(
        Stage.AWAITING_APPROVAL,
        applicant=Applicant.AGENT,
        application=agents_application(),
        approval_round=1,
    )
    first, second = visitors(), visitors()
    landing = await first.get(link(settings, Purpose.APPROVAL))
    assert "佐藤 花子" in landing.text
    assert (await first.press(landing)).path == f"{HOME}/approval"
    elsewhere = await second.get(link(settings, Purpose.APPROVAL))
    assert personal(elsewhere) == []
    assert elsewhere.value("purpose") == "approval"
