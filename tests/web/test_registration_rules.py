"""What the registration refuses: tickets, pictures, too often; and how an address is corrected."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from domain.stage import Applicant, Language, Outcome, Stage, Verdict
from engine.enrolments import Answer, RegistrationAnswer
from records import enrolments, tickets
from records.database import Database
from records.enrolments import Details, Standing
from records.limits import Limit
from records.tables import Captcha, Ticket
from records.vault import Vault
from settings import Settings
from tests.web.conftest import NewTicket, RecordingDesk, Visitor
from tests.web.registering import EMAIL, FORM, fill_in, register, typed
from web import rates
from web.captcha import Pictures

UNKNOWN = "企業コードまたはチケット番号が正しくありません。お知らせした内容をもう一度確認してください"
TAKEN = (
    "このチケット番号の申請は手続き中です。"
    "別のチケット番号を入力するか、手続き中の申請が終わってから登録してください"
)


# --- the ticket


async def test_an_unknown_ticket_and_a_wrong_code_say_the_same(
    visitor: Visitor, new_ticket: NewTicket
) -> None:
    unknown = await fill_in(visitor, f"1{uuid.uuid4()}p")
    wrong_code = await fill_in(visitor, await new_ticket(), company_code="contracthub")
    of_others = await fill_in(visitor, await new_ticket("contracthub"))
    not_this_front = await fill_in(visitor, await new_ticket("contracthub"), company_code="contracthub")

    for page in (unknown, wrong_code, of_others, not_this_front):
        assert page.summary == {"ticket_number": UNKNOWN}


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("consumed_at", "このチケット番号は使用済みです。別のチケット番号を入力してください"),
        ("cancelled_at", "このチケット番号は取り消されています。別のチケット番号を入力してください"),
    ],
)
async def test_a_ticket_that_is_over_says_so(
    visitor: Visitor, new_ticket: NewTicket, database: Database, column: str, sentence: str
) -> None:
    ticket = await new_ticket()
    async with database.begin() as session:
        at = {column: datetime.now(UTC)}
        await session.execute(update(Ticket).where(Ticket.number == ticket).values(**at))

    assert (await fill_in(visitor, ticket)).summary == {"ticket_number": sentence}


async def test_a_ticket_is_good_on_its_last_day_and_not_after(
    visitor: Visitor, new_ticket: NewTicket
) -> None:
    assert (await fill_in(visitor, await new_ticket(days=0))).path.endswith("step2")
    late = await fill_in(visitor, await new_ticket(days=-1))
    assert late.summary == {
        "ticket_number": "このチケット番号は有効期限を過ぎています。別のチケット番号を入力してください"
    }


class Holder:
    """An enrolment that holds a ticket."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self._database, self._vault, self._settings = database, vault, settings

    async def holds(self, ticket: str, stage: Stage, reference: str = "0" * 13, email: str = EMAIL) -> None:
        """Reserve the ticket for an enrolment in that stage."""
        now = datetime.now(UTC)
        standing = Standing(
            reference=reference, tenant="leopalace", applicant=Applicant.PRINCIPAL, language=Language.JA,
            stage=stage, since=now, until=None, attention=None, outcome=None, generation=1,
            redeemed_generation=None, approval_round=0, ordered=False, registered_at=now,
        )  # fmt: skip
        details = Details(email=email, ticket_number=ticket)
        async with self._database.begin() as session:
            await tickets.reserve(session, ticket, "leo-sign", reference)
            await enrolments.write(session, self._vault, self._settings.digest_key, standing, details)


@pytest.fixture
def holder(database: Database, vault: Vault, settings: Settings) -> Holder:
    """Another enrolment."""
    return Holder(database, vault, settings)


async def test_a_ticket_whose_application_goes_on_is_taken(
    visitor: Visitor, new_ticket: NewTicket, holder: Holder
) -> None:
    of_another, further = await new_ticket(), await new_ticket()
    await holder.holds(of_another, Stage.REGISTERED, email="somebody.else@example.jp")
    await holder.holds(further, Stage.APPLYING, reference="1" * 13)

    assert (await fill_in(visitor, of_another)).summary == {"ticket_number": TAKEN}
    assert (await fill_in(visitor, further)).summary == {"ticket_number": TAKEN}


async def test_the_same_address_again_and_an_ended_holder_go_on_to_the_desk(
    visitor: Visitor, new_ticket: NewTicket, holder: Holder
) -> None:
    again, ended = await new_ticket(), await new_ticket()
    await holder.holds(again, Stage.REGISTERED)
    await holder.holds(ended, Stage.EXPIRED, reference="1" * 13, email="somebody.else@example.jp")

    assert (await fill_in(visitor, again)).path.endswith("step2")
    assert (await fill_in(visitor, ended)).path.endswith("step2")


async def test_a_ticket_whose_run_was_terminated_may_be_used(
    visitor: Visitor, new_ticket: NewTicket, holder: Holder, desk: RecordingDesk
) -> None:
    ticket = await new_ticket()
    await holder.holds(ticket, Stage.IN_REVIEW, email="somebody.else@example.jp")
    desk.terminated.add("0" * 13)
    assert (await fill_in(visitor, ticket)).path.endswith("step2")


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Outcome.TICKET_TAKEN, TAKEN),
        (Outcome.TICKET_UNKNOWN, UNKNOWN),
        (Outcome.TICKET_USED, "このチケット番号は使用済みです。別のチケット番号を入力してください"),
        (
            Outcome.TICKET_CANCELLED,
            "このチケット番号は取り消されています。別のチケット番号を入力してください",
        ),
        (
            Outcome.TICKET_EXPIRED,
            "このチケット番号は有効期限を過ぎています。別のチケット番号を入力してください",
        ),
    ],
)
async def test_who_loses_the_race_is_told_and_tries_again_with_another_ticket(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, outcome: Outcome, sentence: str
) -> None:
    desk.registration_answer = RegistrationAnswer(state="refused", outcome=outcome)
    page = await register(visitor, await new_ticket())

    assert page.path == FORM
    assert page.summary == {"ticket_number": sentence}
    assert page.value("email") == EMAIL
    assert not page.has_field("picture")

    desk.registration_answer = RegistrationAnswer(state="accepted", outcome=None)
    page = await visitor.press(page, "next", ticket_number=await new_ticket())
    assert (await visitor.press(page, "register", consent="yes")).path.endswith("step3")
    first, second = desk.registrations
    assert first.reference != second.reference


# --- the picture


async def test_a_wrong_answer_shows_a_new_picture(visitor: Visitor, new_ticket: NewTicket) -> None:
    ticket = await new_ticket()
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    wrong = await visitor.press(
        page, "next", company_code="leo-sign", ticket_number=ticket, email=EMAIL, email_confirmation=EMAIL,
        picture="xxxxx",
    )  # fmt: skip

    assert wrong.summary == {"picture": "画像の文字が一致しません。新しい画像の文字を入力してください"}
    assert wrong.value("picture_id") != page.value("picture_id")
    assert wrong.value("picture") == ""


@pytest.mark.parametrize("typed", ["ABCD2", "ａｂｃｄ２", " abcd 2　"])
async def test_any_case_and_width_will_do(visitor: Visitor, new_ticket: NewTicket, typed: str) -> None:
    assert (await fill_in(visitor, await new_ticket(), picture=typed)).path.endswith("step2")


async def test_a_picture_has_few_tries(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    picture = page.value("picture_id")
    for _ in range(3):
        await visitor.press(page, "next", picture="xxxxx", picture_id=picture)
    used_up = await visitor.press(page, "next", picture="abcd2", picture_id=picture)

    assert used_up.error("picture") == "画像の有効期限が切れました。新しい画像の文字を入力してください"


async def test_a_picture_solves_one_form_only(visitor: Visitor) -> None:
    first = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    second = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    picture = first.value("picture_id")
    await visitor.press(first, "next", picture="abcd2")
    reused = await visitor.press(second, "next", picture="abcd2", picture_id=picture)

    assert reused.error("picture") == "画像の有効期限が切れました。新しい画像の文字を入力してください"


async def test_a_picture_expires(visitor: Visitor, database: Database) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    async with database.begin() as session:
        await session.execute(update(Captcha).values(expires_at=datetime.now(UTC)))
    late = await visitor.press(page, "next", picture="abcd2")

    assert late.error("picture") == "画像の有効期限が切れました。新しい画像の文字を入力してください"


async def test_a_solved_picture_holds_while_other_fields_are_mended(
    visitor: Visitor, new_ticket: NewTicket
) -> None:
    page = await fill_in(visitor, await new_ticket(), email_confirmation="")

    assert list(page.summary) == ["email_confirmation"]
    assert not page.has_field("picture")
    assert (await visitor.press(page, "next", email_confirmation=EMAIL)).path.endswith("step2")


async def test_a_solved_picture_holds_for_thirty_minutes(
    visitor: Visitor, new_ticket: NewTicket, database: Database, desk: RecordingDesk
) -> None:
    confirmation = await fill_in(visitor, await new_ticket())
    async with database.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(minutes=30)
        await session.execute(update(Captcha).values(solved_at=long_ago))
    page = await visitor.press(confirmation, "register", consent="yes")

    assert page.path == FORM
    assert page.error("picture") == "画像の有効期限が切れました。新しい画像の文字を入力してください"
    assert page.value("email") == EMAIL
    assert desk.registrations == []


async def test_two_presses_at_once_use_the_picture_up_for_both(
    visitor: Visitor, new_ticket: NewTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, both_looked = Pictures.is_solved, asyncio.Barrier(2)

    async def look_together(pictures: Pictures, form: str) -> bool:
        solved = await look(pictures, form)
        if not solved:
            await both_looked.wait()
        return solved

    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    ticket = await new_ticket()
    monkeypatch.setattr(Pictures, "is_solved", look_together)
    both = await asyncio.gather(*(visitor.press(page, "next", **typed(ticket)) for _ in range(2)))

    assert [each.path for each in both] == ["/leopalace/regist/step2"] * 2


async def test_a_new_picture_keeps_every_input(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="agent")
    typed = {"company_code": "LEO", "ticket_number": "1", "email": "a", "email_confirmation": "b"}
    changed = await visitor.press(page, "picture", **typed)

    assert {name: changed.value(name) for name in typed} == typed
    assert changed.value("picture_id") != page.value("picture_id")
    assert not changed.summary


async def test_the_picture_is_drawn_and_read_aloud_until_it_is_solved(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    base = f"/leopalace/regist/picture/{page.value('picture_id')}"

    drawn = await visitor.client.get(f"{base}.png")
    read = await visitor.client.get(f"{base}.wav")
    assert drawn.headers["content-type"] == "image/png"
    assert drawn.content.startswith(b"\x89PNG")
    assert read.headers["content-type"] == "audio/wav"
    assert read.content[:4] == b"RIFF"
    assert page.link("音声で聞く") == f"{base}.wav"

    await visitor.press(page, "next", picture="abcd2")
    assert (await visitor.client.get(f"{base}.png")).status_code == 404
    assert (await visitor.client.get(f"{base}.wav")).status_code == 404
    assert (await visitor.client.get("/leopalace/regist/picture/nonsense.png")).status_code == 404


# --- too often


@pytest.mark.parametrize(
    "limit", ["REGISTRATIONS_PER_TICKET", "REGISTRATIONS_PER_ADDRESS", "REGISTRATIONS_PER_NETWORK"]
)
async def test_registering_too_often_says_when_to_try_again(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    name = getattr(rates, limit).name
    monkeypatch.setattr(rates, limit, Limit(name, 1, timedelta(minutes=5)))
    ticket = await new_ticket()
    await register(visitor, ticket)
    page = await register(visitor, ticket)

    assert page.status == 429
    assert 290 <= int(page.response.headers["retry-after"]) <= 300
    assert "5分後にもう一度お試しください" in page.text
    assert ticket in page.text
    assert len(desk.registrations) == 1


async def test_pressing_again_while_the_engine_is_away_is_not_another_registration(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "REGISTRATIONS_PER_TICKET", Limit("ticket", 1, timedelta(minutes=5)))
    desk.away = True
    page = await register(visitor, await new_ticket())
    assert page.status == 503
    assert (await visitor.press(page, "register", consent="yes")).status == 503

    desk.away = False
    page = await visitor.press(page, "register", consent="yes")
    assert page.path == "/leopalace/regist/step3"
    assert len(desk.registrations) == 1


async def test_registering_again_too_often_keeps_the_confirmation_and_says_that_the_link_is_good(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.registration_answer = RegistrationAnswer(state="too_often", wait=timedelta(seconds=41))
    ticket = await new_ticket()
    page = await register(visitor, ticket)

    assert (page.status, page.response.headers["retry-after"]) == (429, "41")
    assert "いちばん新しいメールのURLからお進みください" in page.text
    assert "41秒後にもう一度" in page.text
    assert ticket in page.text

    desk.registration_answer = RegistrationAnswer(state="resent")
    assert (await visitor.press(page, "register", consent="yes")).path == "/leopalace/regist/step3"


async def test_checking_too_often_keeps_the_input(
    visitor: Visitor, new_ticket: NewTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "CHECKS_PER_NETWORK", Limit("check", 1, timedelta(minutes=5)))
    await fill_in(visitor, "")
    page = await fill_in(visitor, await new_ticket())

    assert page.status == 429
    assert "retry-after" in page.response.headers
    assert page.value("email") == EMAIL


async def test_pictures_are_limited_by_network(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "PICTURES_PER_NETWORK", Limit("picture", 1, timedelta(minutes=5)))
    await visitor.get(FORM)
    page = await visitor.get(FORM)

    assert page.status == 429
    assert "5分後にもう一度お試しください" in page.text


# --- correcting the address


async def test_correcting_withdraws_and_opens_the_form_filled_in(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, holder: Holder
) -> None:
    ticket = await new_ticket()
    done = await register(visitor, ticket, applicant="agent")
    reference = desk.registrations[0].reference
    await holder.holds(ticket, Stage.REGISTERED, reference=reference)
    page = await visitor.press(done, "correct")

    ((told, message),) = desk.messages
    assert told == reference
    assert message.model_dump(include={"by", "cause"}) == {"by": "applicant", "cause": "address_corrected"}
    assert "前の申請登録を取り下げました。" in page.text
    assert page.value("ticket_number") == ticket
    assert page.value("email") == EMAIL
    assert page.value("form") != done.value("form")

    # The withdrawal may still be on its way through the engine.
    corrected = {"email": "right@example.jp", "email_confirmation": "right@example.jp"}
    confirmation = await visitor.press(page, "next", **corrected)
    await visitor.press(confirmation, "register", consent="yes")
    assert desk.registrations[-1].registration.email == "right@example.jp"
    assert desk.registrations[-1].reference != reference


async def test_correcting_twice_is_one_message(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    done = await register(visitor, await new_ticket())
    await visitor.press(done, "correct")
    await visitor.press(done, "correct")

    first, second = (message.message_id for _reference, message in desk.messages)
    assert first == second


@pytest.mark.parametrize("stage", [Stage.AWAITING_APPROVAL, Stage.IN_REVIEW, Stage.ISSUING, Stage.INSTALLING])
async def test_an_address_that_has_answered_is_not_corrected(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, holder: Holder, stage: Stage
) -> None:
    ticket = await new_ticket()
    done = await register(visitor, ticket)
    await holder.holds(ticket, stage, reference=desk.registrations[0].reference)
    page = await visitor.press(done, "correct")

    assert page.status == 409
    assert "メールアドレスは訂正できません" in page.text
    assert desk.messages == []


async def test_a_withdrawal_that_came_too_late_says_so(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.answer = Answer(verdict=Verdict.TOO_LATE, stage=Stage.ISSUING, outcome=None, closed=False)
    page = await visitor.press(await register(visitor, await new_ticket()), "correct")

    assert page.status == 409


async def test_an_enrolment_that_has_ended_is_simply_registered_anew(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.answer = Answer(
        verdict=Verdict.TOO_LATE, stage=Stage.EXPIRED, outcome=Outcome.LINK_EXPIRED, closed=True
    )
    page = await visitor.press(await register(visitor, await new_ticket()), "correct")

    assert page.path == FORM


async def test_correcting_while_the_engine_is_away(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    done = await register(visitor, await new_ticket())
    desk.away = True
    page = await visitor.press(done, "correct")

    assert page.status == 503
    assert "ただいま受け付けられません" in page.text
