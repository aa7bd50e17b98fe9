"""失効申請 in a browser: from the header's link to the mail that says it is done."""

import pytest
from playwright.async_api import expect

from devstack.econtract import words as econtract_words
from tests.browser.conftest import NewPerson
from tests.browser.person import OnASmallPhone, Person
from tests.browser.story import press_link
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import CAPTCHA_ANSWER

LEAKED = "秘密鍵や暗証番号が漏れた、またはそのおそれがある"


@pytest.fixture
async def issued(people: People) -> Enrolling:
    """Somebody whose certificate is installed."""
    applicant = await people.new()
    await applicant.open()
    await applicant.submit()
    await applicant.shows(ISSUED)
    return applicant


async def ask(who: Person, email: str, number: str) -> None:
    """The form, filled in and sent."""
    await who.write("メールアドレス", email)
    await who.write("チケット番号または証明書のシリアル番号", number)
    await who.choose(LEAKED)
    await who.write("画像の文字", CAPTCHA_ANSWER)
    await who.press("URLをメールで受け取る")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_subscriber_revokes_a_certificate(
    person: NewPerson,
    issued: Enrolling,
    scripts: bool,  # noqa: FBT001
) -> None:
    who = await person(scripts=scripts)
    await who.open("/leopalace/")
    await who.follow("失効申請")
    await who.is_at("失効申請")
    await who.press("URLをメールで受け取る")
    await who.is_at("入力内容を確認してください")
    await ask(who, issued.email, issued.ticket)
    await who.reads("入力された内容に当てはまる有効な証明書がある場合は")

    await press_link(who, issued.email, "失効の手続きに進む", "revocation_link")
    await who.is_at("次の証明書を失効してもよろしいですか？")
    await who.reads(LEAKED)
    assert "onetimetoken" not in who.page.url
    await who.press("失効する")
    await expect(who.heading("証明書を失効しました").or_(who.heading("失効を受け付けました"))).to_be_visible()
    await issued.mail("revoked")
    await who.open(who.page.url)
    await who.is_at("証明書を失効しました")

    await who.open(who.stack.econtract)
    shown = who.page.get_by_role("region").filter(has_text=issued.email)
    await expect(shown).to_contain_text(econtract_words.JAPANESE["removed"])
    await issued.shows("証明書は失効しています")


async def test_the_answer_is_the_same_for_a_stranger_who_gets_no_mail(
    person: NewPerson, issued: Enrolling
) -> None:
    who = await person(OnASmallPhone)
    await who.open("/leopalace/revocation")
    await ask(who, f"not.{issued.email}", issued.ticket)
    await who.reads("入力された内容に当てはまる有効な証明書がある場合は")
    assert await who.width() <= 320
    # A match that is asked for afterwards has its mail: whatever was to be sent before it has been.
    await who.open("/leopalace/revocation")
    await ask(who, issued.email, issued.ticket)
    await issued.mail("revocation_link")
    assert await who.stack.mailbox.mails(f"not.{issued.email}") == []
