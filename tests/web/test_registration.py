"""申請登録 from the choice to 完了, for both kinds of applicant and in both languages."""

import pytest

from domain.reference import Reference
from domain.stage import Applicant, Language
from engine.enrolments import RegistrationAnswer
from tests.web.conftest import NewTicket, RecordingDesk, Visitor
from tests.web.registering import EMAIL, FORM, fill_in, register, typed

FIELDS = ("company_code", "ticket_number", "email", "email_confirmation", "picture")


async def test_until_the_applicant_is_chosen_there_is_no_way_and_fields_are_disabled(
    visitor: Visitor,
) -> None:
    page = await visitor.get(FORM)

    assert "申請者確認情報の入力" in page.text
    assert 'class="way"' not in page.html
    assert all("disabled" in page.field(name) for name in FIELDS)
    next_button, choose_button = page.button("next"), page.button("choose")
    assert next_button is not None
    assert "disabled" in next_button
    assert choose_button is not None
    assert "disabled" not in choose_button


@pytest.mark.parametrize(
    ("applicant", "steps", "first_line"),
    [("principal", 9, "ご自身のメールアドレス"), ("agent", 12, "代理人の方のメールアドレス")],
)
async def test_choosing_shows_the_way_and_enables_the_fields(
    visitor: Visitor, applicant: str, steps: int, first_line: str
) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant=applicant)

    assert f"全{steps}ステップ中 1：申請者情報入力、次は 確認" in page.text
    assert page.html.count('aria-current="step"') == 1
    assert ("本人作業" in page.text) == (applicant == "agent")
    assert first_line in page.text
    assert not any("disabled" in page.field(name) for name in FIELDS)


async def test_choosing_nothing_says_so(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose")

    assert page.error("applicant") == "申請者を「本人」と「代理人」から選択してください"


async def test_a_change_of_mind_keeps_what_was_typed(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    page = await visitor.press(page, "choose", applicant="agent", company_code="leo", email="a@example.jp")

    assert page.value("applicant") == "agent"
    assert page.value("company_code") == "leo"
    assert page.value("email") == "a@example.jp"
    assert not page.summary


async def test_every_field_that_is_missing_is_told(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="principal")
    page = await visitor.press(page, "next")

    assert list(page.summary) == ["company_code", "ticket_number", "email", "email_confirmation", "picture"]
    assert {name: page.error(name) for name in page.summary} == page.summary
    assert page.title.startswith("エラー：")
    assert page.field("email")["aria-invalid"] == "true"
    assert page.field("email")["aria-describedby"] == "email-error email-hint"


async def test_mistakes_keep_everything_typed_in_both_languages(visitor: Visitor) -> None:
    wrong = {
        "company_code": "レオ<b>",
        "ticket_number": "14f75199c",
        "email": "taro@",
        "email_confirmation": "x@example.jp",
    }
    page = await fill_in(visitor, "", **wrong)

    assert {name: page.value(name) for name in wrong} == wrong
    assert page.error("company_code") == "企業コードは英数字とハイフンで入力してください"
    assert page.error("email") == "メールアドレスの形式が正しくありません（例：taro.yamada@example.jp）"

    english = await visitor.get(page.link("English"))

    assert {name: english.value(name) for name in wrong} == wrong
    assert english.error("company_code") == "Enter the company code with letters, digits and hyphens only"
    assert english.title.startswith("Error: ")


async def test_addresses_that_differ_are_told(visitor: Visitor, new_ticket: NewTicket) -> None:
    page = await fill_in(visitor, await new_ticket(), email_confirmation="jiro@example.jp")

    assert page.summary == {"email_confirmation": "確認用のメールアドレスが一致しません"}


async def test_the_confirmation_shows_what_was_understood(visitor: Visitor, new_ticket: NewTicket) -> None:
    ticket = await new_ticket()
    page = await fill_in(
        visitor,
        f" {ticket.upper()} ",
        company_code="ＬＥＯ‐ｓｉｇｎ",
        email="Taro@EXAMPLE.jp",
        email_confirmation="Taro@example.JP",
    )

    assert page.path == "/leopalace/regist/step2"
    assert "以下の内容で、申請を登録してもよろしいですか？" in page.text
    assert "申請者情報を登録するとJCAN証明書発行申請手続き案内メールが届きます。" in page.text
    assert "本システムの「 利用者の義務 」と「 個人情報の取扱いについて 」に同意します。" in page.text
    for understood in ("leo-sign", ticket, "Taro@example.jp"):
        assert understood in page.text


async def test_both_texts_open_in_windows_of_their_own(visitor: Visitor, new_ticket: NewTicket) -> None:
    page = await fill_in(visitor, await new_ticket())

    assert page.link("利用者の義務") == "/leopalace/obligations"
    assert page.link("個人情報の取扱いについて") == "/leopalace/privacy"
    assert page.html.count('target="_blank" rel="noopener"') == 2


async def test_without_consent_nothing_is_sent(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    page = await visitor.press(await fill_in(visitor, await new_ticket()), "register")

    assert page.path == "/leopalace/regist/step2"
    assert page.error("consent") == page.summary["consent"]
    assert "同意が必要です" in page.summary["consent"]
    assert desk.registrations == []

    done = await visitor.press(page, "register", consent="yes")
    assert done.path == "/leopalace/regist/step3"


async def test_back_has_everything_typed_and_the_picture_still_counts(
    visitor: Visitor, new_ticket: NewTicket
) -> None:
    ticket = await new_ticket()
    page = await visitor.press(await fill_in(visitor, ticket), "back")

    assert page.path == "/leopalace/regist/step1"
    expected = typed(ticket)
    del expected["picture"]
    assert {name: page.value(name) for name in expected} == expected
    assert not page.has_field("picture")
    assert "確認済みです" in page.text
    assert (await visitor.press(page, "next")).path == "/leopalace/regist/step2"


@pytest.mark.parametrize("applicant", list(Applicant))
async def test_registering_hands_in_what_was_confirmed(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk, applicant: Applicant
) -> None:
    ticket = await new_ticket()
    page = await register(visitor, ticket, applicant=applicant)

    (request,) = desk.registrations
    assert request.registration.model_dump() == {
        "applicant": applicant,
        "company_code": "leo-sign",
        "ticket_number": ticket,
        "email": EMAIL,
    }
    assert (request.tenant, request.language, request.launched) == ("leopalace", Language.JA, False)
    assert Reference.parse(request.reference).grouped in page.text
    assert ("次の方を登録する" in page.text) == (applicant is Applicant.AGENT)


async def test_done_says_that_it_is_not_done_yet(visitor: Visitor, new_ticket: NewTicket) -> None:
    page = await register(visitor, await new_ticket())

    for sentence in (
        "JCAN証明書オンライン発行システムでの申請者確認情報を登録いただきありがとうございました。",
        "この段階では、まだ申請は完了していません。",
        "登録いただいたメールアドレスにJCAN証明書発行申請のためのURLが送付されます。",
        "受信確認をお願いします。",
        f"{EMAIL} へ、発行申請のためのURLをお送りしています。URLの有効期限は3日間です。",
        "10分たってもメールが届かないとき",
        "メールアドレスを訂正する",
    ):
        assert sentence in page.text


async def test_the_whole_of_it_in_english(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    await visitor.get("/leopalace/?lang=en")
    page = await register(visitor, await new_ticket(), applicant="agent")

    assert "Your application is not complete yet." in page.text
    assert "It is valid for 3 days." in page.text
    assert "Register the next person" in page.text
    assert "Step 3 of 12: Done, next: Receive mail" in page.text
    assert desk.registrations[0].language is Language.EN


async def test_sent_twice_or_reloaded_is_one_enrolment(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    confirmation = await fill_in(visitor, await new_ticket())
    first = await visitor.press(confirmation, "register", consent="yes")
    second = await visitor.press(confirmation, "register", consent="yes")
    reloaded = await visitor.get(f"{first.response.url}")

    assert first.text == second.text == reloaded.text
    assert len({request.reference for request in desk.registrations}) == 1


async def test_a_double_click_that_reaches_the_desk_twice_carries_one_reference(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    confirmation = await fill_in(visitor, await new_ticket())
    before = dict(visitor.client.cookies)
    await visitor.press(confirmation, "register", consent="yes")
    visitor.client.cookies.clear()
    visitor.client.cookies.update(before)
    await visitor.press(confirmation, "register", consent="yes")

    first, second = desk.registrations
    assert first.reference == second.reference


async def test_two_tabs_do_not_disturb_each_other(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    first_ticket, second_ticket = await new_ticket(), await new_ticket()
    first = await fill_in(visitor, first_ticket)
    second = await fill_in(visitor, second_ticket, email="b@example.jp", email_confirmation="b@example.jp")
    await visitor.press(first, "register", consent="yes")
    await visitor.press(second, "register", consent="yes")

    assert [r.registration.ticket_number for r in desk.registrations] == [first_ticket, second_ticket]
    assert len({r.reference for r in desk.registrations}) == 2


async def test_the_next_person_keeps_the_agents_own(visitor: Visitor, new_ticket: NewTicket) -> None:
    done = await register(visitor, await new_ticket(), applicant="agent")
    page = await visitor.press(done, "next")

    assert page.path == "/leopalace/regist/step1"
    assert page.value("applicant") == "agent"
    assert page.value("company_code") == "leo-sign"
    assert page.value("email") == page.value("email_confirmation") == EMAIL
    assert page.value("ticket_number") == ""
    assert page.has_field("picture")
    assert page.value("form") != done.value("form")


async def test_no_answer_yet_says_that_it_goes_on_by_mail(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.registration_answer = RegistrationAnswer(state="unknown", outcome=None)
    page = await register(visitor, await new_ticket())

    assert page.path == "/leopalace/regist/step3"
    assert "登録を受け付けました。" in page.text
    assert "結果はメールでお知らせします。" in page.text


async def test_registered_before_says_that_the_old_link_dies(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.registration_answer = RegistrationAnswer(state="resent", outcome=None)
    page = await register(visitor, await new_ticket())

    assert "同じメールアドレスですでに登録されています。" in page.text
    assert page.button("correct") is None


async def test_an_engine_that_is_away_keeps_the_confirmation(
    visitor: Visitor, new_ticket: NewTicket, desk: RecordingDesk
) -> None:
    desk.away = True
    ticket = await new_ticket()
    page = await register(visitor, ticket)

    assert page.status == 503
    assert page.response.headers["retry-after"] == "60"
    assert ticket in page.text

    desk.away = False
    assert (await visitor.press(page, "register", consent="yes")).path == "/leopalace/regist/step3"


async def test_steps_cannot_be_skipped(visitor: Visitor, desk: RecordingDesk) -> None:
    page = await visitor.get(FORM)
    form = page.value("form")

    for step in (2, 3):
        skipped = await visitor.get(f"/leopalace/regist/step{step}?form={form}")
        assert skipped.path == FORM
    posted = await visitor.client.post(
        "/leopalace/regist/step2", data={"form": form, "act": "register", "consent": "yes"}
    )
    assert posted.headers["location"] == f"{FORM}?form={form}"
    assert desk.registrations == []


@pytest.mark.parametrize("step", [2, 3])
async def test_a_form_of_another_browser_says_so(visitor: Visitor, step: int) -> None:
    page = await visitor.get(f"/leopalace/regist/step{step}?form={'0' * 32}")

    assert page.status == 410
    assert "この画面の入力内容が見つかりません" in page.text
    assert page.link("申請登録へ") == FORM


async def test_without_its_cookie_the_form_says_so_and_keeps_what_was_typed(visitor: Visitor) -> None:
    page = await visitor.press(await visitor.get(FORM), "choose", applicant="agent")
    visitor.client.cookies.clear()
    page = await visitor.press(page, "next", company_code="leo-sign", email=EMAIL)

    assert "Cookie が無効になっています" in page.text
    assert page.value("applicant") == "agent"
    assert page.value("email") == EMAIL


async def test_a_form_of_another_tenant_is_not_this_ones(visitor: Visitor) -> None:
    form = (await visitor.get(FORM)).value("form")

    page = await visitor.get(f"/contracthub/regist/step2?form={form}")
    assert page.status == 410


async def test_a_browser_keeps_the_newest_forms_only(visitor: Visitor) -> None:
    for _ in range(20):
        await visitor.get(FORM)

    assert len([name for name in visitor.client.cookies if name.startswith("jcan_form_")]) <= 12


async def test_the_script_gets_the_way_alone(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/regist/way/agent")

    assert page.html.lstrip().startswith('<nav class="way"')
    assert (await visitor.get("/leopalace/regist/way/nobody")).status == 404
