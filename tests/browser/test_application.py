"""発行申請 and its status in a browser: mistakes, drafts, withdrawal, and a worker that does not answer."""

from playwright.async_api import expect

from tests.browser import axe, story
from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.running.enrolling import TARO, Enrolling, People
from tests.running.stack import Stack

FORM = "発行申請情報の入力"
CONFIRMATION = "以下の内容で、発行申請を行ってもよろしいですか？"


async def at_the_form(people: People, person: NewPerson) -> tuple[Enrolling, Person]:
    """Somebody in front of the application's form."""
    applicant, who = await people.new(), await person()
    await applicant.open()
    await who.continue_as(applicant)
    await who.open(f"{applicant.home}/application")
    return applicant, who


async def test_mistakes_are_told_on_top_and_lead_to_their_fields(people: People, person: NewPerson) -> None:
    _, who = await at_the_form(people, person)
    await who.write("姓", "髙橋")
    await who.write("法人番号", "9999999999998")
    await who.press("次へ")

    await expect(who.page).to_have_title(story.OF_AN_ERROR)
    await expect(who.page.locator("#errors")).to_be_focused()
    for field in ("given_name", "corporate_number", "validity_years"):
        await who.follow(await who.page.locator(f"#{field}-error").inner_text())
        await expect(who.page.locator(f"#{field}")).to_be_focused()
    await expect(who.field("姓")).to_have_value("髙橋")
    await expect(who.field("法人番号")).to_have_value("9999999999998")


async def test_back_a_reload_and_a_second_press_lose_and_double_nothing(
    people: People, person: NewPerson, stack: Stack
) -> None:
    applicant, who = await at_the_form(people, person)
    await story.fill_in_application(who)
    await who.press("次へ")
    await who.is_at(CONFIRMATION)
    await who.follow("前へ")
    await shows_taro(who)
    await who.page.reload()
    await shows_taro(who)
    await who.press("次へ")
    await who.page.go_back()
    await shows_taro(who)
    await who.press("次へ")

    await who.button("発行申請").dblclick()
    await who.is_at("発行申請を受け付けました")
    await story.watch_until_issued(who, refreshing=True)
    await applicant.mail("issued")
    kinds = [mail.kind for mail in reversed(await stack.mailbox.mails(applicant.email))]
    assert kinds == ["application_link", "issued"]


async def test_a_draft_survives_a_closed_browser(people: People, person: NewPerson) -> None:
    applicant, who = await at_the_form(people, person)
    await story.fill_in_application(who)
    await who.press("次へ")
    await who.is_at(CONFIRMATION)
    await who.page.context.close()

    again = await person()
    await again.open((await applicant.mail()).link)
    await again.press("新しいURLをメールで受け取る")
    await again.open((await applicant.mail(number=2)).link)
    await again.press("発行申請に進む")
    await shows_taro(again)


async def test_an_application_is_withdrawn_from_its_status_page(people: People, person: NewPerson) -> None:
    applicant, who = await at_the_form(people, person)
    await who.follow("申請の状況を見る")
    await who.is_at("発行申請の送信を待っています")
    await who.follow("申請を取り下げる")
    await who.is_at("申請を取り下げてもよろしいですか？")
    await who.follow("取り下げずに戻る")
    await who.follow("申請を取り下げる")
    await who.press("申請を取り下げる")

    await who.is_at("申請は取り下げられました")
    assert (await applicant.mail("withdrawn")).to == applicant.email
    await who.follow("申請登録へ")
    await who.is_at("申請者確認情報の入力")


async def test_a_press_while_no_worker_answers_is_received_and_goes_on(
    people: People, person: NewPerson, stack: Stack
) -> None:
    applicant, who = await people.new(), await person()
    await applicant.register()
    await who.open((await applicant.mail()).link)
    with stack.without("worker"):
        await who.press("発行申請に進む")
        await who.is_at("受け付けました")
        await who.reads("受け付けた内容は失われません。処理はこのまま続きます。")
        assert await axe.violations(who.page) == []
    await who.press("続ける")
    await who.is_at(FORM)


async def shows_taro(who: Person) -> None:
    """The form as it was filled in."""
    await who.is_at(FORM)
    await expect(who.field("姓")).to_have_value(TARO["family_name"])
    await expect(who.field("名（ローマ字）")).to_have_value(TARO["given_name_latin"])
    await expect(who.field("電話番号")).to_have_value(TARO["phone"])
    await expect(who.radio("1年")).to_be_checked()
