"""The application form: every rule told at its field, nothing typed is ever lost, one submission."""

from collections.abc import Callable

import pytest

from domain.link_token import Purpose
from domain.stage import Applicant, Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.conftest import RecordingDesk, Visitor
from tests.web.enrolling import (
    HOME,
    SATO,
    TAKAHASHI,
    Write,
    agents_application,
    application,
    link,
    personal,
    writer,
)
from tests.web.page import Page
from workflows.messages import SubmitApplication

ACCEPTED = Answer(verdict=Verdict.ACCEPTED, stage=Stage.APPLYING)


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    return writer(database, vault, settings)


async def opened(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk, **changes: object
) -> Page:
    """The form, reached by its mailed link."""
    await write(**changes)
    desk.answer = ACCEPTED
    page = await visitor.press(await visitor.get(link(settings)))
    await write(Stage.APPLYING, **changes)
    desk.messages.clear()
    return page


async def test_the_form_is_filled_in_from_the_tickets_order(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    page = await opened(visitor, write, settings, desk)
    assert page.value("company_name") == "株式会社サンプル"
    assert page.value("company_name_latin") == "Sample Corporation"
    assert page.value("corporate_number") == "9999999999999"
    assert 'value="taro.takahashi@example.jp"' in page.html
    assert page.field("family_name")["autocomplete"] == "family-name"
    assert page.field("phone")["autocomplete"] == "tel"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("family_name", ""),
        ("family_name", "髙" * 41),
        ("given_name", "太\n郎\x07"),
        ("family_name_latin", "高橋"),
        ("given_name_latin", "T" * 63),
        ("family_name_kana", "高橋"),
        ("given_name_kana", ""),
        ("company_name", ""),
        ("company_name_latin", "株式会社"),
        ("company_name_latin", "S" * 65),
        ("corporate_number", "123"),
        ("corporate_number", "1234567890123"),
        ("phone", "abc"),
        ("validity_years", "3"),
    ],
)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_broken_rule_is_told_at_its_field_and_in_the_summary(
    visitors: Callable[..., Visitor],
    write: Write,
    settings: Settings,
    desk: RecordingDesk,
    field: str,
    value: str,
    language: str,
) -> None:
    visitor = visitors(**{"accept-language": language})
    form = await opened(visitor, write, settings, desk)
    page = await visitor.press(form, **(TAKAHASHI | {field: value}))
    assert page.path == f"{HOME}/application"
    assert page.summary.keys() == {field}
    assert page.error(field) == page.summary[field]
    assert page.title.startswith("エラー：" if language == "ja" else "Error")
    assert page.value("given_name" if field == "family_name" else "family_name") != ""


async def test_an_agents_form_asks_for_the_principals_address_and_the_agents_own_data(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk, applicant=Applicant.AGENT)
    own = {"email": "hanako.sato@example.jp", "agent_name": ""}
    page = await visitor.press(form, **(TAKAHASHI | SATO | own))
    assert page.summary.keys() == {"email", "agent_name"}
    assert "髙橋 太郎様の代理申請" in page.text
    page = await visitor.press(page, **SATO)
    assert page.path == f"{HOME}/application/confirm"
    assert "佐藤 花子" in page.text


async def test_what_was_typed_survives_a_reload_the_way_back_and_another_browser(
    visitors: Callable[..., Visitor],
    write: Write,
    settings: Settings,
    desk: RecordingDesk,
    database: Database,
) -> None:
    first, second = visitors(), visitors()
    form = await opened(first, write, settings, desk)
    await first.press(form, family_name="髙橋﨑𠮷", phone="abc")
    assert (await first.get(f"{HOME}/application")).value("family_name") == "髙橋﨑𠮷"
    await write(Stage.APPLYING, generation=2)
    page = await second.press(await second.get(link(settings, generation=2)))
    assert page.value("family_name") == "髙橋﨑𠮷"
    async with database.begin() as session:
        sealed = (await session.connection()).exec_driver_sql("SELECT sealed_fields FROM records.drafts")
        assert "髙橋".encode() not in (await sealed).scalar_one()


async def test_kana_is_converted_on_the_confirmation(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk)
    typed = TAKAHASHI | {"family_name_kana": "たかはし", "given_name_kana": "ﾀﾛｳ"}
    assert "タカハシ タロウ" in (await visitor.press(form, **typed)).text


async def test_a_submission_goes_to_the_enrolment_once_however_often_it_is_clicked(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk)
    confirmation = await visitor.press(form, **TAKAHASHI)
    for _ in range(2):
        done = await visitor.press(confirmation)
        assert done.path == f"{HOME}/application/done"
        assert "発行申請を受け付けました" in done.text
    assert len({message.message_id for _, message in desk.messages}) == 1
    message = desk.messages[0][1]
    assert isinstance(message, SubmitApplication)
    assert message.application == application()


async def test_a_change_in_another_tab_is_shown_before_anything_is_sent(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk)
    confirmation = await visitor.press(form, **TAKAHASHI)
    await visitor.press(form, **(TAKAHASHI | {"given_name": "次郎"}))
    page = await visitor.press(confirmation)
    assert "内容が変わったため" in page.text
    assert desk.messages == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(), "処理はこのまま続きます"),
        (Answer(verdict=Verdict.REPEATED, stage=Stage.IN_REVIEW), "すでに送信されています"),
        (Answer(verdict=Verdict.NOT_NOW, stage=Stage.REGISTERED), "いまは送信できません"),
        (Answer(verdict=Verdict.TOO_LATE, stage=Stage.EXPIRED), "髙橋 太郎"),
        (Answer(closed=True), "控えとして"),
    ],
)
async def test_every_answer_to_a_submission_is_explained(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk, answer: Answer, says: str
) -> None:
    form = await opened(visitor, write, settings, desk)
    confirmation = await visitor.press(form, **TAKAHASHI)
    desk.answer = answer
    assert says in (await visitor.press(confirmation)).text
    assert (await visitor.get(f"{HOME}/application")).value("family_name") == "髙橋"


async def test_a_submission_refused_for_now_can_be_sent_again_as_a_new_message(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk)
    confirmation = await visitor.press(form, **TAKAHASHI)
    desk.answer = Answer(verdict=Verdict.NOT_NOW, stage=Stage.REGISTERED)
    refused = await visitor.press(confirmation)
    desk.answer = ACCEPTED
    await visitor.press(refused)
    assert len({message.message_id for _, message in desk.messages}) == 2


async def test_a_submission_while_the_engine_is_away_keeps_everything(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    form = await opened(visitor, write, settings, desk)
    confirmation = await visitor.press(form, **TAKAHASHI)
    desk.away = True
    page = await visitor.press(confirmation)
    assert page.status == 503
    assert "まだ送信できていません" in page.text
    desk.away = False
    assert (await visitor.press(page)).path == f"{HOME}/application/done"


async def test_a_returned_application_has_the_reason_on_top_and_the_form_filled_in(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    page = await opened(
        visitor,
        write,
        settings,
        desk,
        applicant=Applicant.AGENT,
        application=agents_application(),
        return_reason="英語表記が違います",
        returned_by="principal",
    )
    page = await visitor.get(page.path)
    assert "利用者本人から差し戻されました" in page.text
    assert "英語表記が違います" in page.text
    assert page.value("family_name_latin") == "Takahashi"
    assert page.value("email_confirmation") == "taro.takahashi@example.jp"


async def test_a_newer_link_pressed_elsewhere_ends_the_older_session(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await opened(visitor, write, settings, desk)
    await write(Stage.APPLYING, generation=2, redeemed_generation=2)
    page = await visitor.get(f"{HOME}/application")
    assert "より新しいURLで開かれています" in page.text
    assert personal(page) == []


async def test_a_link_to_the_status_alone_does_not_open_a_form_that_waits_for_its_own_link(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await write()
    desk.answer = Answer(verdict=Verdict.ACCEPTED, stage=Stage.REGISTERED)
    await visitor.press(await visitor.get(link(settings, Purpose.STATUS)))
    page = await visitor.get(f"{HOME}/application")
    assert page.status == 403
    assert page.value("purpose") == "application"


async def test_an_agents_next_registration_keeps_the_company_code_and_their_own_address(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    await opened(visitor, write, settings, desk, applicant=Applicant.AGENT)
    await write(
        Stage.AWAITING_APPROVAL,
        applicant=Applicant.AGENT,
        application=agents_application(),
        approval_round=1,
    )
    done = await visitor.get(f"{HOME}/application/done")
    assert "taro.takahashi@example.jp" in done.text
    page = await visitor.press(done)
    assert page.path == "/leopalace/regist/step1"
    assert page.value("company_code") == "leo-sign"
    assert page.value("email") == "hanako.sato@example.jp"
    assert page.value("ticket_number") == ""
