"""Mailed links that were pressed already, replaced, or broken: each says so, and what to do next."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.running.enrolling import TARO, Enrolling, People

USED = "このURLはすでに使われています"
NEW_LINK = "新しいURLをメールで受け取る"


async def test_fetching_a_link_changes_nothing_and_the_press_does(people: People, person: NewPerson) -> None:
    applicant, who = await people.new(), await person()
    await applicant.register()
    link = (await applicant.mail()).link
    for _ in range(2):
        await who.open(link)
        await who.is_at("発行申請の手続き")
    assert applicant.email not in await who.page.content()

    await who.press("発行申請に進む")
    await who.is_at("発行申請情報の入力")
    assert "onetimetoken" not in who.page.url


async def test_a_pressed_link_shows_a_stranger_nothing_and_offers_only_a_new_one(
    people: People, person: NewPerson
) -> None:
    applicant, stranger, owner = await people.new(), await person(), await person()
    await applicant.open()
    await applicant.fill_in()
    await owner.continue_as(applicant)
    old_link = (await applicant.mail()).link

    await stranger.open(old_link)
    await stranger.is_at(USED)
    await tells_nothing(stranger, applicant)
    assert await stranger.page.get_by_role("button").all_inner_texts() == [NEW_LINK]
    await expect(stranger.page.get_by_role("textbox")).to_have_count(0)
    await stranger.open(f"{applicant.home}/application")
    await stranger.is_at(USED)
    await tells_nothing(stranger, applicant)

    await stranger.press(NEW_LINK)
    await stranger.is_at("新しいURLをお送りします")
    await tells_nothing(stranger, applicant)
    new_link = (await applicant.mail(number=2)).link
    assert new_link != old_link
    await stranger.open(old_link)
    await stranger.is_at("このURLは新しいURLに置き換えられました")

    # Whoever reads the mail goes on, with everything that was typed; the browser before does not.
    await stranger.open(new_link)
    await stranger.press("発行申請に進む")
    await expect(stranger.field("姓（ローマ字）")).to_have_value(TARO["family_name_latin"])
    await owner.open(f"{applicant.home}/application")
    await owner.is_at("この申請は、より新しいURLで開かれています")
    await tells_nothing(owner, applicant)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "URLが正しくありません"),
        ("0" * 63, "URLが正しくありません"),
        ("0" * 64, "このURLは古いため、お使いいただけません"),
        ("01" * 32, "このURLは確認できませんでした"),
    ],
    ids=["none", "cut off", "retired key", "tampered"],
)
async def test_a_broken_link_says_so_and_leads_on(person: NewPerson, token: str, says: str) -> None:
    who = await person()
    await who.open(f"/leopalace/realregist/step1?onetimetoken={token}")
    await who.is_at(says)
    await who.follow("状況確認")
    await who.is_at("状況確認")


async def test_who_has_lost_the_mail_gets_a_link_to_the_status(people: People, person: NewPerson) -> None:
    applicant, who = await people.new(tenant="contracthub", company_code="contracthub"), await person()
    await applicant.open()
    await applicant.submit()
    await applicant.shows("審査を待っています")
    await who.open("/contracthub/status")
    await who.write("メールアドレス", applicant.email)
    await who.press("URLをメールで受け取る")
    await who.is_at("受け付けました")
    await who.open((await applicant.mail("status_link")).link)
    await who.press("申請の状況を見る")
    await who.is_at("審査を待っています")


async def tells_nothing(who: Person, applicant: Enrolling) -> None:
    """Nothing personal is on the page."""
    page = await who.page.content()
    personal = [applicant.email, applicant.ticket, TARO["family_name"], TARO["family_name_latin"]]
    assert [word for word in personal if word in page] == []
