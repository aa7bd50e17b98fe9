"""The status page: where it stands, who acts next and by when, and what the applicant can do about it."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from domain.link_token import Purpose
from domain.stage import Applicant, Attention, Outcome, Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.tables import EnrolmentRow
from records.vault import Vault
from settings import Settings
from tests.logged import Logged
from tests.web.conftest import RecordingDesk, Visitor
from tests.web.enrolling import HOME, REFERENCE, Write, agents_application, application, link, writer
from tests.web.page import Page
from workflows.messages import CorrectPrincipal, ResendLink, Withdraw

At = Callable[..., Awaitable[Page]]

AGENTS = {"applicant": Applicant.AGENT, "application": agents_application(), "approval_round": 1}
SENT = {"application": application()}


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    return writer(database, vault, settings)


@pytest.fixture
async def at(visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk) -> At:
    """Be the applicant at the status page while the enrolment stands as given."""
    await write()
    desk.answer = Answer(verdict=Verdict.ACCEPTED, stage=Stage.REGISTERED)
    await visitor.press(await visitor.get(link(settings, Purpose.STATUS)))
    desk.messages.clear()

    async def status(stage: Stage, **changes: object) -> Page:
        await write(stage, **changes)
        return await visitor.get(f"{HOME}/status")

    return status


@pytest.mark.parametrize(
    ("stage", "changes", "says", "offers"),
    [
        (Stage.REGISTERED, {}, "確認メールのURLが開かれるのを待っています", "新しいURLをメールで受け取る"),
        (Stage.APPLYING, {}, "発行申請の送信を待っています", "発行申請情報を入力する"),
        (
            Stage.AWAITING_APPROVAL,
            AGENTS,
            "髙橋 太郎 様の承認を待っています",
            "承認のお願いをもう一度送る",
        ),
        (Stage.IN_REVIEW, SENT, "審査を待っています", "申請を取り下げる"),
        (
            Stage.IN_REVIEW,
            SENT | {"attention": Attention.REVIEW_OVERDUE},
            "時間がかかっています",
            "申請を取り下げる",
        ),
        (Stage.ISSUING, SENT, "認証局の発行を待っています", "申請を取り下げる"),
        (Stage.INSTALLING, SENT | {"ordered": True}, "電子契約サービスに登録しています", "失効申請"),
        (Stage.EXPIRED, {"outcome": Outcome.LINK_EXPIRED}, "有効期限が過ぎました", "申請登録へ"),
        (
            Stage.REGISTERED,
            {"attention": Attention.MAIL_REFUSED},
            "お届けできませんでした",
            "申請を取り下げる",
        ),
    ],
)
async def test_each_stage_says_who_acts_next_and_offers_what_can_be_done(
    at: At, stage: Stage, changes: dict[str, object], says: str, offers: str
) -> None:
    page = await at(stage, **changes)
    assert page.status == 200
    assert says in page.text
    assert offers in page.text
    assert REFERENCE.grouped in page.text
    assert "更新" in page.text


@pytest.mark.parametrize("attention", list(Attention))
async def test_everything_that_asks_for_an_operator_is_told_in_plain_words(
    at: At, attention: Attention
) -> None:
    page = await at(Stage.IN_REVIEW, **SENT, attention=attention)
    assert page.status == 200
    assert attention.value not in page.text


async def test_the_log_tells_whose_pages_were_asked_for_and_by_no_link(logged: Logged, at: At) -> None:
    await at(Stage.IN_REVIEW, **SENT)

    shown = {line["route"]: line["reference"] for line in logged.of("jcan.web.access")}
    assert shown == dict.fromkeys(
        ["/{tenant}/status", "/{tenant}/enrolments/{reference}/status"], REFERENCE.text
    )
    assert "onetimetoken" not in logged.text


async def test_the_way_marks_the_present_step(at: At) -> None:
    page = await at(Stage.AWAITING_APPROVAL, **AGENTS)
    present = page.html.partition('aria-current="step"')[2].partition("</li>")[0]
    assert "申請情報承認" in present
    assert "9 / 12" in page.text


async def test_an_issued_certificate_is_shown_with_its_serial_number_and_where_it_is(at: At) -> None:
    page = await at(
        Stage.ISSUED, **AGENTS, ordered=True, outcome=Outcome.INSTALLED, serial="4f3c9a7be21044d0"
    )
    assert "4f3c9a7be21044d0" in page.text
    assert "登録先 電子契約サービス" in page.text


async def test_an_erased_person_leaves_the_facts_behind(at: At, visitor: Visitor, database: Database) -> None:
    await at(Stage.ISSUED, **SENT, outcome=Outcome.INSTALLED)
    async with database.begin() as session:
        await session.execute(update(EnrolmentRow).values(sealed_details=None))
    page = await visitor.get(f"{HOME}/status")
    assert "消去されています" in page.text
    assert "髙橋" not in page.html


async def test_withdrawing_is_asked_once_more_and_is_one_message(
    at: At, visitor: Visitor, write: Write, desk: RecordingDesk
) -> None:
    await at(Stage.IN_REVIEW, **SENT)
    question = await visitor.get(f"{HOME}/status/withdraw")
    assert "元に戻せません" in question.text
    assert desk.messages == []
    await write(Stage.WITHDRAWN, outcome=Outcome.WITHDRAWN_BY_APPLICANT)
    page = await visitor.press(question)
    assert page.path == f"{HOME}/status"
    assert "取り下げられました" in page.text
    [(_, message)] = desk.messages
    assert isinstance(message, Withdraw)
    assert (message.by, message.cause) == ("applicant", "request")


async def test_withdrawing_too_late_offers_a_revocation(
    at: At, visitor: Visitor, desk: RecordingDesk
) -> None:
    await at(Stage.ISSUING, **SENT)
    question = await visitor.get(f"{HOME}/status/withdraw")
    desk.answer = Answer(verdict=Verdict.TOO_LATE, stage=Stage.ISSUING)
    page = await visitor.press(question)
    assert page.status == 409
    assert page.html.count('href="/leopalace/revocation"') == 2


async def test_what_no_worker_answers_is_received_until_the_stage_changes(
    at: At, visitor: Visitor, write: Write, desk: RecordingDesk
) -> None:
    await at(Stage.IN_REVIEW, **SENT)
    desk.answer = Answer()
    page = await visitor.press(await visitor.get(f"{HOME}/status/withdraw"))
    assert "処理はこのまま続きます" in page.text
    await write(Stage.WITHDRAWN, outcome=Outcome.WITHDRAWN_BY_APPLICANT)
    assert "処理はこのまま続きます" not in (await visitor.get(str(page.response.url))).text


async def test_the_request_for_approval_is_mailed_again(
    at: At, visitor: Visitor, desk: RecordingDesk
) -> None:
    page = await visitor.press(await at(Stage.AWAITING_APPROVAL, **AGENTS))
    assert page.path == f"{HOME}/status"
    assert "もう一度お送りします" in page.text
    [(_, message)] = desk.messages
    assert isinstance(message, ResendLink)
    assert message.purpose == "approval"


@pytest.mark.parametrize(
    ("email", "again", "wrong"),
    [
        ("", "", {"email", "email_confirmation"}),
        ("hanako.sato@example.jp", "hanako.sato@example.jp", {"email"}),
        ("a@example.jp", "b@example.jp", {"email_confirmation"}),
    ],
)
async def test_a_wrong_address_for_the_principal_is_told_at_its_field(
    at: At, visitor: Visitor, desk: RecordingDesk, email: str, again: str, wrong: set[str]
) -> None:
    await at(Stage.AWAITING_APPROVAL, **AGENTS)
    form = await visitor.get(f"{HOME}/status/principal")
    page = await visitor.press(form, email=email, email_confirmation=again)
    assert page.status == 422
    assert page.summary.keys() == wrong
    assert page.value("email") == email
    assert desk.messages == []


async def test_the_principals_address_is_corrected_while_nothing_is_decided(
    at: At, visitor: Visitor, desk: RecordingDesk
) -> None:
    await at(Stage.AWAITING_APPROVAL, **AGENTS)
    form = await visitor.get(f"{HOME}/status/principal")
    right = {"email": "taro@example.jp", "email_confirmation": "taro@EXAMPLE.jp"}
    page = await visitor.press(form, **right)
    assert "訂正を受け付けました" in page.text
    [(_, message)] = desk.messages
    assert isinstance(message, CorrectPrincipal)
    assert message.email == "taro@example.jp"
    desk.answer = Answer(verdict=Verdict.TOO_LATE, stage=Stage.IN_REVIEW)
    assert (await visitor.press(form, **right)).status == 409
    assert (await at(Stage.IN_REVIEW, **AGENTS)).status == 200
    assert (await visitor.get(f"{HOME}/status/principal")).path == f"{HOME}/status"


async def test_no_page_of_an_enrolment_opens_without_its_cookie(
    visitors: Callable[..., Visitor], write: Write, desk: RecordingDesk
) -> None:
    await write(Stage.APPLYING, **AGENTS)
    stranger = visitors()
    for path in ("status", "application", "application/confirm", "application/done", "status/withdraw"):
        page = await stranger.get(f"{HOME}/{path}")
        assert page.status == 410
        assert "髙橋" not in page.html
    answer = await stranger.client.post(f"{HOME}/status/withdraw", data={"form_id": "0" * 32})
    assert answer.status_code == 410
    assert desk.messages == []


async def test_a_reference_that_is_none_or_anothers_is_not_found(visitor: Visitor, write: Write) -> None:
    await write()
    for place in (
        "/leopalace/enrolments/x",
        f"/contracthub/enrolments/{REFERENCE.text}",
        HOME.lower(),
    ):
        assert (await visitor.get(f"{place}/status")).status == 404
