"""The principal's decision about an agent's application."""

from collections.abc import Awaitable, Callable

import pytest

from domain.link_token import Purpose
from domain.stage import Applicant, ApprovalDecision, Outcome, Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.conftest import RecordingDesk, Visitor
from tests.web.enrolling import HOME, Write, agents_application, link, personal, writer
from tests.web.page import Page
from workflows.messages import DecideApproval

AGENTS = {"applicant": Applicant.AGENT, "application": agents_application(), "approval_round": 1}
ACCEPTED = Answer(verdict=Verdict.ACCEPTED, stage=Stage.AWAITING_APPROVAL)

Decide = Callable[..., Awaitable[Page]]


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    return writer(database, vault, settings)


@pytest.fixture
async def approval(visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk) -> Page:
    """The approval page, reached by the principal's link."""
    await write(Stage.AWAITING_APPROVAL, **AGENTS)
    desk.answer = ACCEPTED
    page = await visitor.press(await visitor.get(link(settings, Purpose.APPROVAL)))
    desk.messages.clear()
    return page


@pytest.fixture
def decide(visitor: Visitor, approval: Page) -> Decide:
    """Press one of the page's buttons."""

    async def press(decision: str, **fields: str) -> Page:
        data = {"form_id": approval.value("form_id"), "decision": decision} | fields
        answer = await visitor.client.post(f"{HOME}/approval", data=data, follow_redirects=True)
        return Page(answer)

    return press


async def test_the_page_shows_the_certificates_contents_and_who_the_agent_is(approval: Page) -> None:
    assert approval.path == f"{HOME}/approval"
    for words in (
        "Taro Takahashi",
        "Sample Corporation",
        "9999999999999",
        "taro.takahashi@example.jp",
        "2年",
        "佐藤 花子",
        "利用者の義務",
    ):
        assert words in approval.text


async def test_approving_takes_the_obligations(decide: Decide, desk: RecordingDesk) -> None:
    page = await decide("approve")
    assert page.status == 422
    assert page.summary.keys() == {"obligations"}
    assert desk.messages == []
    page = await decide("approve", obligations="yes")
    assert page.path == f"{HOME}/approval/done"
    assert "承認しました" in page.text
    [(_, message)] = desk.messages
    assert isinstance(message, DecideApproval)
    assert (message.decision, message.round, message.via) == (ApprovalDecision.APPROVE, 1, "link")
    assert message.obligations_accepted_at == message.received_at


@pytest.mark.parametrize(("decision", "says"), [("return", "差し戻しました"), ("refuse", "拒否しました")])
async def test_sending_back_and_refusing_take_a_reason(
    decide: Decide, desk: RecordingDesk, decision: str, says: str
) -> None:
    for reason in ("", " \n", "あ" * 1001):
        page = await decide(decision, reason=reason)
        assert page.summary.keys() == {"reason"}
    assert desk.messages == []
    page = await decide(decision, reason=" 英語表記が違います \r\n")
    assert says in page.text
    [(_, message)] = desk.messages
    assert isinstance(message, DecideApproval)
    assert (message.decision, message.reason) == (decision, "英語表記が違います")


async def test_a_double_click_is_one_message_and_the_other_button_is_another(
    decide: Decide, desk: RecordingDesk
) -> None:
    await decide("approve", obligations="yes")
    await decide("approve", obligations="yes")
    await decide("refuse", reason="不要です")
    assert len({message.message_id for _, message in desk.messages}) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(), "処理はこのまま続きます"),
        (Answer(verdict=Verdict.REPEATED, stage=Stage.IN_REVIEW), "すでに受け付けています"),
        (Answer(verdict=Verdict.CONTRARY, stage=Stage.IN_REVIEW), "先に別の決定"),
        (Answer(verdict=Verdict.TOO_LATE, stage=Stage.AWAITING_APPROVAL), "受け付けられませんでした"),
        (Answer(verdict=Verdict.NOT_NOW, stage=Stage.APPLYING), "受け付けられませんでした"),
    ],
)
async def test_every_answer_is_explained(
    decide: Decide, desk: RecordingDesk, answer: Answer, says: str
) -> None:
    desk.answer = answer
    assert says in (await decide("approve", obligations="yes")).text


async def test_while_the_engine_is_away_nothing_is_decided_and_the_reason_is_kept(
    decide: Decide, desk: RecordingDesk
) -> None:
    desk.away = True
    page = await decide("return", reason="英語表記が違います")
    assert page.status == 503
    assert "英語表記が違います" in page.text


async def test_an_older_link_and_an_older_session_are_superseded(
    approval: Page, visitor: Visitor, write: Write, settings: Settings
) -> None:
    await write(Stage.AWAITING_APPROVAL, **(AGENTS | {"approval_round": 2}))
    for address in (approval.path, link(settings, Purpose.APPROVAL)):
        page = await visitor.get(address)
        assert "新しいURLに置き換えられました" in page.text
        assert page.value("purpose") == "approval"
        assert personal(page) == []


@pytest.mark.parametrize(
    ("stage", "outcome", "says"),
    [
        (Stage.APPLYING, None, "差し戻されています"),
        (Stage.IN_REVIEW, None, "承認されています"),
        (Stage.REFUSED, Outcome.REFUSED_BY_PRINCIPAL, "承認されませんでした"),
        (Stage.EXPIRED, Outcome.APPROVAL_EXPIRED, "承認の期限が過ぎました"),
        (Stage.WITHDRAWN, Outcome.WITHDRAWN_BY_APPLICANT, "取り下げられました"),
    ],
)
async def test_a_link_with_nothing_to_decide_says_where_it_stands(
    visitor: Visitor,
    write: Write,
    settings: Settings,
    desk: RecordingDesk,
    stage: Stage,
    outcome: Outcome | None,
    says: str,
) -> None:
    await write(stage, **AGENTS, outcome=outcome)
    address = link(settings, Purpose.APPROVAL)
    path, _query, token = address.rpartition("?onetimetoken=")
    pressed = await visitor.client.post(path, data={"onetimetoken": token})
    for page in (await visitor.get(address), Page(pressed)):
        assert says in page.text
        assert personal(page) == []
    assert desk.messages == []


async def test_the_agents_link_does_not_open_the_approval(
    visitor: Visitor, write: Write, settings: Settings, desk: RecordingDesk
) -> None:
    desk.answer = ACCEPTED
    await write(Stage.AWAITING_APPROVAL, **AGENTS, redeemed_generation=None)
    await visitor.press(await visitor.get(link(settings, Purpose.STATUS)))
    desk.messages.clear()
    assert (await visitor.get(f"{HOME}/status")).status == 200
    assert (await visitor.get(f"{HOME}/approval")).status == 410
    data = {"decision": "approve", "obligations": "yes"}
    assert (await visitor.client.post(f"{HOME}/approval", data=data)).status_code == 410
    assert desk.messages == []


async def test_the_principals_link_does_not_open_the_agents_pages(approval: Page, visitor: Visitor) -> None:
    assert approval.status == 200
    assert (await visitor.get(f"{HOME}/status")).status == 410
