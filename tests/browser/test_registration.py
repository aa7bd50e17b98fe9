"""申請登録 in a browser: mistakes, second thoughts, and everything that people press twice."""

import pytest
from playwright.async_api import expect

from tests.browser import story
from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.running.enrolling import new_address
from tests.running.stack import CAPTCHA_ANSWER, Stack

FORM = "申請者確認情報の入力"
CONFIRMATION = "以下の内容で、申請を登録してもよろしいですか？"
DONE = "この段階では、まだ申請は完了していません。"


@pytest.fixture(params=[True, False], ids=["with-scripts", "without-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs scripts."""
    return bool(request.param)


async def test_mistakes_are_told_on_top_and_lead_to_their_fields(
    person: NewPerson,
    scripts: bool,  # noqa: FBT001
) -> None:
    who = await person(scripts=scripts)
    await story.choose_applicant(who, "本人", scripts=scripts)
    await story.fill_in_registration(who, "1234", "taro.takahashi@example.jp")
    await who.write("（確認）メールアドレス", "")
    await who.press("次へ")

    await expect(who.page).to_have_title(story.OF_AN_ERROR)
    await expect(who.page.locator("#errors")).to_be_focused()
    for field in ("ticket_number", "email_confirmation"):
        told = await who.page.locator(f"#{field}-error").inner_text()
        await who.follow(told)
        await expect(who.page.locator(f"#{field}")).to_be_focused()
    await expect(who.field("企業コード")).to_have_value("leo-sign")
    await expect(who.field("チケット番号")).to_have_value("1234")
    await expect(who.field("メールアドレス")).to_have_value("taro.takahashi@example.jp")
    await expect(who.radio("本人")).to_be_checked()


async def test_a_new_picture_keeps_what_was_typed(
    person: NewPerson,
    stack: Stack,
    scripts: bool,  # noqa: FBT001
) -> None:
    who, ticket, email = await person(scripts=scripts), stack.ticket(), new_address()
    await story.choose_applicant(who, "本人", scripts=scripts)
    await story.fill_in_registration(who, ticket, email)
    picture = who.page.get_by_role("img")
    before = await picture.get_attribute("src")
    await who.press("画像を変更")

    await expect(picture).not_to_have_attribute("src", before or "")
    await shows_what_was_typed(who, ticket, email)
    await expect(who.field("画像の文字")).to_have_value("")
    await who.write("画像の文字", CAPTCHA_ANSWER)
    await who.press("次へ")
    await who.is_at(CONFIRMATION)


async def test_the_picture_can_be_heard(person: NewPerson) -> None:
    who = await person()
    await story.choose_applicant(who, "本人")
    sound = await who.link("音声で聞く").get_attribute("href")
    answer = await who.page.request.get(who.stack.web + str(sound))
    assert answer.headers["content-type"] == "audio/wav"
    assert (await answer.body())[:4] == b"RIFF"


async def test_both_ways_back_from_the_confirmation_keep_everything(person: NewPerson, stack: Stack) -> None:
    who, ticket, email = await person(), stack.ticket(), new_address()
    await story.choose_applicant(who, "本人")
    await story.fill_in_registration(who, ticket, email)
    await who.page.keyboard.press("Enter")
    await who.is_at(CONFIRMATION)

    await who.press("前へ")
    await shows_what_was_typed(who, ticket, email)
    await who.reads("画像の文字：確認済みです")
    await who.press("次へ")
    await who.is_at(CONFIRMATION)

    await who.page.go_back()
    await shows_what_was_typed(who, ticket, email)
    await story.confirm_registration(who)


async def test_without_consent_nothing_is_sent(person: NewPerson, stack: Stack) -> None:
    who, email = await person(), new_address()
    await story.choose_applicant(who, "本人")
    await story.fill_in_registration(who, stack.ticket(), email)
    await who.press("次へ")
    await who.press("申請登録")

    await expect(who.page).to_have_title(story.OF_AN_ERROR)
    await expect(who.page.locator("#errors")).to_be_focused()
    await who.follow("申請を登録するには、「利用者の義務」と「個人情報の取扱いについて」への同意が必要です")
    await expect(who.tick_box()).to_be_focused()
    await who.tick()
    await who.press("申請登録")
    await who.reads(DONE)
    await has_one_mail_that_works(who, email)


async def test_the_two_texts_open_in_windows_of_their_own(person: NewPerson, stack: Stack) -> None:
    who = await person()
    await story.choose_applicant(who, "本人")
    await story.fill_in_registration(who, stack.ticket(), new_address())
    await who.press("次へ")
    form = who.page
    for text in ("利用者の義務", "個人情報の取扱いについて"):
        who.page = form
        await who.follow_into_new_window(text)
        await expect(who.page.get_by_role("heading", name=text).first).to_be_visible()
        await expect(who.link("失効申請")).to_have_count(0)
        await expect(who.link("マニュアル")).to_have_count(0)
    await expect(form.get_by_role("heading", name=CONFIRMATION)).to_be_visible()


async def test_a_double_click_and_a_reload_give_one_enrolment_and_one_mail(
    person: NewPerson, stack: Stack
) -> None:
    who, email = await person(), new_address()
    await story.choose_applicant(who, "本人")
    await story.fill_in_registration(who, stack.ticket(), email)
    await who.press("次へ")
    await who.tick()
    await who.button("申請登録").dblclick()
    await who.reads(DONE)
    reference = await who.page.locator(".num").first.inner_text()

    await who.page.reload()
    await who.reads(DONE)
    await expect(who.page.locator(".num").first).to_have_text(reference)
    await who.page.go_back()
    await who.reads(DONE)
    await has_one_mail_that_works(who, email)


async def test_two_tabs_are_two_registrations(person: NewPerson, stack: Stack) -> None:
    one = await person()
    other = await person(beside=one)
    tickets, emails = [stack.ticket(), stack.ticket()], [new_address(), new_address()]
    for who in (one, other):
        await story.choose_applicant(who, "本人")
    for who, ticket, email in zip((one, other), tickets, emails, strict=True):
        await story.fill_in_registration(who, ticket, email)
    for who in (one, other):
        await who.press("次へ")
    for who, ticket, email in zip((one, other), tickets, emails, strict=True):
        await who.reads(ticket)
        await who.reads(email)
        await who.tick()
        await who.press("申請登録")
        await who.reads(DONE)
    for who, email in zip((one, other), emails, strict=True):
        await has_one_mail_that_works(who, email)


async def test_a_wrong_address_is_corrected_on_the_last_page(person: NewPerson, stack: Stack) -> None:
    who, ticket = await person(), stack.ticket()
    wrong, right = new_address("tarou.takahashi"), new_address()
    await story.register(who, ticket, wrong)
    old_link = (await stack.mailbox.mail(wrong, "application_link")).link
    await who.press("メールアドレスを訂正する")

    await who.is_at(FORM)
    await shows_what_was_typed(who, ticket, wrong)
    await who.write("メールアドレス", right)
    await who.write("（確認）メールアドレス", right)
    await story.confirm_registration(who)
    await has_one_mail_that_works(who, right)

    await who.open(old_link)
    await who.is_at("メールアドレスが訂正されました")


async def shows_what_was_typed(who: Person, ticket: str, email: str) -> None:
    """Every field but the picture's."""
    await expect(who.radio("本人")).to_be_checked()
    await expect(who.field("企業コード")).to_have_value("leo-sign")
    await expect(who.field("チケット番号")).to_have_value(ticket)
    await expect(who.field("メールアドレス")).to_have_value(email)
    await expect(who.field("（確認）メールアドレス")).to_have_value(email)


async def has_one_mail_that_works(who: Person, email: str) -> None:
    """What was sent before a press has been dealt with after it: another mail would be here by now."""
    await who.open((await who.stack.mailbox.mail(email, "application_link")).link)
    await who.press("発行申請に進む")
    await who.is_at("発行申請情報の入力")
    assert len(await who.stack.mailbox.mails(email)) == 1
