"""失効申請: the form, the same answer for everybody, the mailed link, the confirmation."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.link_token import LinkToken, Purpose, sign
from domain.reference import Reference
from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Applicant, Language, Outcome, Verdict
from engine.certificates import CertificateAnswer
from records import audit
from records.database import Database
from settings import Settings
from tests.web.certifying import EMAIL, SERIAL, TICKET, Certify
from tests.web.conftest import RecordingDesk, RecordingRegistry, Visitor
from tests.web.enrolling import HOME, REFERENCE, agents_application, application, personal
from tests.web.page import Page
from web.captcha import Pictures
from workflows.messages import RequestRevocation, Revoke

FORM = "/leopalace/revocation"
OTHERS_EMAIL = "jiro.suzuki@example.jp"
OTHERS_TICKET = "1f81d4fae-7dec-41d0-a765-00a0c91e6bf6p"
AGENTS = {"applicant": Applicant.AGENT, "application": agents_application()}
CONFIRM = f"{HOME}/revocation"
NEUTRAL = "入力された内容に当てはまる有効な証明書がある場合は"


def typed(**changes: str) -> dict[str, str]:
    """The form, all of it right."""
    return {"email": EMAIL, "number": SERIAL, "reason": "keyCompromise", "picture": "abcd2"} | changes


async def send(visitor: Visitor, tenant: str = "leopalace", **changes: str) -> Page:
    """Open the form, fill it in, send it."""
    return await visitor.press(await visitor.get(f"/{tenant}/revocation"), "send", **typed(**changes))


def link(settings: Settings, generation: int = 1, tenant: str = "leopalace") -> str:
    """The mailed link."""
    token = sign(LinkToken(Purpose.REVOCATION, generation, REFERENCE), settings.link_keyring)
    return f"/{tenant}/revocation/link?onetimetoken={token}"


# --- the form


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"number": TICKET},
        {"number": f" {TICKET.upper()} "},
        {"number": ":".join(SERIAL[i : i + 2] for i in range(0, 32, 2)).upper()},
        {"email": "Taro.Takahashi@EXAMPLE.jp"},
    ],
)
async def test_a_match_asks_for_a_mailed_link(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    changes: dict[str, str],
) -> None:
    await certify()
    page = await send(visitor, **changes)
    assert (page.status, page.path) == (200, f"{FORM}/sent")
    assert NEUTRAL in page.text
    ((serial, message),) = registry.messages
    assert serial == SERIAL
    assert isinstance(message, RequestRevocation)
    assert (message.reason, message.language) == (RevocationReason.KEY_COMPROMISE, Language.JA)


@pytest.mark.parametrize(
    ("changes", "columns", "enrolment"),
    [
        ({"email": "somebody.else@example.jp"}, {}, {}),
        ({"number": "00ff"}, {}, {}),
        ({"number": "1ffffffff-82f4-419b-8041-5f8631cb488ep"}, {}, {}),
        ({"email": "hanako.sato@example.jp"}, {}, AGENTS),
        ({}, {"revoked_at": datetime.now(UTC)}, {}),
        ({}, {"not_after": datetime.now(UTC) - timedelta(seconds=1)}, {}),
        ({}, {"tenant": "contracthub"}, {"tenant": "contracthub"}),
    ],
    ids=["address", "serial", "ticket", "agent", "revoked", "expired", "tenant"],
)
async def test_nothing_to_revoke_is_answered_with_the_same_page(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    changes: dict[str, str],
    columns: dict[str, object],
    enrolment: dict[str, object],
) -> None:
    await certify(enrolment, **columns)
    page = await send(visitor, **changes)
    assert (page.status, page.path) == (200, f"{FORM}/sent")
    assert NEUTRAL in page.text
    assert registry.messages == []
    assert personal(page) == []


@pytest.mark.parametrize(
    ("email", "number"),
    [(EMAIL, OTHERS_TICKET), (EMAIL, "0bad"), (OTHERS_EMAIL, TICKET), (OTHERS_EMAIL, SERIAL)],
)
async def test_somebody_elses_ticket_or_serial_is_no_match(
    visitor: Visitor, registry: RecordingRegistry, certify: Certify, email: str, number: str
) -> None:
    await certify()
    other = {
        "reference": "0000000000001",
        "ticket_number": OTHERS_TICKET,
        "application": application(email=OTHERS_EMAIL),
    }
    await certify(other, reference="0000000000001", serial="0bad")
    page = await send(visitor, email=email, number=number)
    assert (page.status, page.path) == (200, f"{FORM}/sent")
    assert registry.messages == []
    await send(visitor, email=OTHERS_EMAIL if email == EMAIL else EMAIL, number=number)
    assert len(registry.messages) == 1, "with the right address it is one"


async def test_mistakes_are_told_and_what_was_typed_stays(visitor: Visitor) -> None:
    page = await send(visitor, email="x", number="12", reason="", picture="wrong")
    assert page.status == 422
    assert set(page.summary) == {"email", "reason", "picture"}
    page = await send(visitor, number="not a number", reason="privilegeWithdrawn")
    assert set(page.summary) == {"number", "reason"}
    assert page.title.startswith("エラー：")
    assert (page.value("email"), page.value("number")) == (EMAIL, "not a number")
    assert not page.has_field("picture"), "it was solved"


async def test_another_picture_keeps_what_was_typed(visitor: Visitor) -> None:
    page = await visitor.get(FORM)
    other = await visitor.press(page, "picture", email=EMAIL, reason="superseded")
    assert other.status == 200
    assert (other.value("email"), other.value("reason")) == (EMAIL, "superseded")
    assert other.value("picture_id") != page.value("picture_id")


async def test_one_form_is_one_request_however_often_it_is_sent(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
) -> None:
    await certify()
    form = await visitor.get(FORM)
    for _ in range(2):
        assert (await visitor.press(form, "send", **typed())).path == f"{FORM}/sent"
    assert len({message.message_id for _, message in registry.messages}) == 1


async def test_a_form_with_other_contents_is_another_request_and_counts(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
) -> None:
    await certify()
    form = await visitor.get(FORM)
    assert (await visitor.press(form, "send", **typed(email="other@example.jp"))).path == f"{FORM}/sent"
    assert registry.messages == []
    assert (await visitor.press(form, "send", **typed())).path == f"{FORM}/sent"
    assert (await visitor.press(form, "send", **typed(reason="superseded"))).status == 429
    assert len(registry.messages) == 1


async def test_a_press_that_the_engine_never_heard_of_is_told_again(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
) -> None:
    await certify()
    form = await visitor.get(FORM)
    registry.away = True
    assert (await visitor.press(form, "send", **typed())).path == f"{FORM}/sent"
    registry.away = False
    assert (await visitor.press(form, "send", **typed())).path == f"{FORM}/sent"
    assert [serial for serial, _ in registry.messages] == [SERIAL]


async def test_two_presses_at_once_use_the_picture_up_for_both(
    visitor: Visitor, registry: RecordingRegistry, certify: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, both_looked = Pictures.is_solved, asyncio.Barrier(2)

    async def look_together(pictures: Pictures, form: str) -> bool:
        solved = await look(pictures, form)
        if not solved:
            await both_looked.wait()
        return solved

    await certify()
    form = await visitor.get(FORM)
    monkeypatch.setattr(Pictures, "is_solved", look_together)
    both = await asyncio.gather(*(visitor.press(form, "send", **typed()) for _ in range(2)))
    assert [each.path for each in both] == [f"{FORM}/sent"] * 2
    assert len({message.message_id for _, message in registry.messages}) == 1


async def test_too_many_requests_for_an_address_are_refused_and_kept(visitor: Visitor) -> None:
    await send(visitor)
    page = await send(visitor)
    assert page.status == 429
    assert int(page.response.headers["Retry-After"]) <= 60
    assert page.value("email") == EMAIL
    assert (await send(visitor, email="other@example.jp")).path == f"{FORM}/sent"


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.jp"], ids=["a match", "no match"])
async def test_while_the_engine_is_away_nobody_is_told_to_wait_for_a_mail(
    visitor: Visitor,
    desk: RecordingDesk,
    registry: RecordingRegistry,
    certify: Certify,
    email: str,
) -> None:
    await certify()
    form = await visitor.get(FORM)
    desk.away = registry.away = True
    refused = await visitor.press(form, "send", **typed(email=email))
    assert (refused.status, int(refused.response.headers["Retry-After"])) == (503, 60)
    assert "お手続きはまだ受け付けられていません" in refused.text
    desk.away = registry.away = False
    again = await visitor.press(form, "send", **typed(email=email))
    assert again.path == f"{FORM}/sent", "the same form, its picture solved, counts for nothing yet"
    assert len(registry.messages) == (email == EMAIL)


async def test_an_engine_that_goes_away_behind_the_answer_changes_nothing_in_it(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
) -> None:
    await certify()
    registry.away = True
    assert NEUTRAL in (await send(visitor)).text


# --- the link


async def test_opening_the_link_changes_nothing_and_names_nobody(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    settings: Settings,
    database: Database,
) -> None:
    await certify(revocation_generation=1, requested_reason="superseded")
    for _ in range(3):
        page = await visitor.get(link(settings))
        assert page.status == 200
        assert "失効の手続きに進む" in page.text
        assert SERIAL in page.text
        assert personal(page) == []
    assert registry.messages == []
    async with database.begin() as session:
        assert await audit.entries_of(session, REFERENCE.text) == []


async def test_from_the_link_to_the_revocation(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify(revocation_generation=1, requested_reason="affiliationChanged")
    page = await visitor.press(await visitor.get(link(settings)))
    assert page.path == CONFIRM
    assert "次の証明書を失効してもよろしいですか？" in page.text
    for words in ("Taro Takahashi", EMAIL, SERIAL, "退職・異動などで、証明書の記載内容が変わった"):
        assert words in page.text
    done = await visitor.press(page)
    assert done.path == f"{CONFIRM}/done"
    assert "失効を受け付けました" in done.text
    ((serial, message),) = registry.messages
    assert serial == SERIAL
    assert isinstance(message, Revoke)
    assert (message.reason, message.by, message.generation) == (
        RevocationReason.AFFILIATION_CHANGED,
        "principal",
        1,
    )
    revoked_at = datetime.now(UTC)
    await certify(revocation_generation=1, revoked_at=revoked_at, revocation_reason="affiliationChanged")
    assert "証明書を失効しました" in (await visitor.get(f"{CONFIRM}/done")).text
    assert (await visitor.get(CONFIRM)).path == f"{CONFIRM}/done"


async def test_a_pressed_link_shows_nothing_in_another_browser(
    visitors: Callable[..., Visitor],
    registry: RecordingRegistry,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify(revocation_generation=1)
    mine, other = visitors(), visitors()
    landing = await other.get(link(settings))
    confirmation = await mine.press(await mine.get(link(settings)))
    for page in (await other.get(link(settings)), await other.press(landing), await other.get(CONFIRM)):
        assert page.status == 410
        assert "このURLはすでに使われています" in page.text
        assert personal(page) == []
        assert page.link("失効申請").endswith("/revocation")
    assert (await other.press(confirmation)).status == 410
    assert registry.messages == []


@pytest.mark.parametrize(
    ("generation", "columns", "words"),
    [
        (1, {"revocation_generation": 2}, "このURLは新しいURLに置き換えられました"),
        (1, {"revocation_until": datetime.now(UTC) - timedelta(seconds=1)}, "URLの有効期限が過ぎました"),
        (1, {"revoked_at": datetime.now(UTC)}, "証明書は失効しています"),
        (1, {"not_after": datetime.now(UTC) - timedelta(seconds=1)}, "証明書の有効期間は終わっています"),
    ],
    ids=["superseded", "late", "revoked", "expired"],
)
async def test_a_link_that_leads_nowhere_says_why(
    visitor: Visitor,
    certify: Certify,
    settings: Settings,
    generation: int,
    columns: dict[str, object],
    words: str,
) -> None:
    await certify(**({"revocation_generation": 1} | columns))
    page = await visitor.get(link(settings, generation))
    assert page.status == 410
    assert words in page.text
    assert personal(page) == []


@pytest.mark.parametrize("token", ["", "junk", "0" * 64, "ff" * 32])
async def test_a_token_that_is_none_is_told_so(visitor: Visitor, token: str) -> None:
    page = await visitor.get(f"/leopalace/revocation/link?onetimetoken={token}")
    assert page.status == 404
    assert page.link("失効申請")


async def test_a_link_to_nothing_on_record(visitor: Visitor, settings: Settings) -> None:
    token = sign(LinkToken(Purpose.REVOCATION, 1, Reference(bytes(8))), settings.link_keyring)
    page = await visitor.get(f"/leopalace/revocation/link?onetimetoken={token}")
    assert page.status == 404
    assert "証明書が見つかりません" in page.text


async def test_a_link_at_another_tenants_or_purposes_address_is_shown_the_right_one(
    visitor: Visitor,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify(revocation_generation=1)
    page = await visitor.get(link(settings, tenant="contracthub"))
    assert page.status == 404
    assert page.link("正しいページを開く") == link(settings)
    status = link(settings).replace("/revocation/link", "/status")
    assert (await visitor.get(status)).link("正しいページを開く") == link(settings)


async def test_a_revocation_that_was_overtaken_says_so(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify(revocation_generation=1)
    page = await visitor.press(await visitor.get(link(settings)))
    registry.answer = CertificateAnswer(verdict=Verdict.TOO_LATE, stage=CertificateStage.VALID)
    assert "URLの有効期限が過ぎました" in (await visitor.press(page)).text
    await certify(revocation_generation=2)
    assert "このURLは新しいURLに置き換えられました" in (await visitor.press(page)).text


async def test_no_worker_and_no_engine_are_told_apart(
    visitor: Visitor,
    registry: RecordingRegistry,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify(revocation_generation=1)
    page = await visitor.press(await visitor.get(link(settings)))
    registry.away = True
    assert (await visitor.press(page)).status == 503
    registry.away, registry.answer = False, CertificateAnswer()
    assert "失効を受け付けました" in (await visitor.press(page)).text


async def test_the_status_page_knows_of_the_revocation(
    visitor: Visitor,
    certify: Certify,
    settings: Settings,
) -> None:
    await certify({"outcome": Outcome.INSTALLED})
    status = link(settings).replace("/revocation/link", "/status")
    token = sign(LinkToken(Purpose.STATUS, 1, REFERENCE), settings.link_keyring)
    page = await visitor.press(await visitor.get(f"{status.partition('=')[0]}={token}"))
    assert "証明書は発行されています" in page.text
    await certify(revoked_at=datetime.now(UTC), revocation_reason="unspecified")
    page = await visitor.get(page.path)
    assert "証明書は失効しています" in page.text
    assert 'class="button plain" href="/leopalace/revocation"' not in page.html
