"""失効申請 in a browser: from the header's link to the mail that says it is done."""

import re

import pytest
from playwright.async_api import expect

from devstack.econtract import words as econtract_words
from domain.stage import Language
from tests.browser import axe
from tests.browser.conftest import Kind, NewPerson
from tests.browser.person import OnASmallPhone, Person, ReadingEnglish
from tests.browser.story import press_link
from tests.running.enrolling import Enrolling, People, issued_at
from tests.running.stack import CAPTCHA_ANSWER
from tests.running.waiting import until

LEAKED = "秘密鍵や暗証番号が漏れた、またはそのおそれがある"


@pytest.fixture
async def issued(people: People) -> Enrolling:
    """Somebody whose certificate is installed."""
    return await issued_at(people)


async def ask(who: Person, email: str, number: str) -> None:
    """The form, filled in and sent."""
    await who.write("メールアドレス", email)
    await who.write("チケット番号または証明書のシリアル番号", number)
    await who.choose(LEAKED)
    await who.write("画像の文字", CAPTCHA_ANSWER)
    await who.press("URLをメールで受け取る")


@pytest.mark.parametrize(
    ("kind", "scripts"), [(Person, True), (ReadingEnglish, False)], ids=["Japanese", "English, no scripts"]
)
async def test_a_subscriber_revokes_a_certificate(
    person: NewPerson,
    issued: Enrolling,
    kind: Kind,
    scripts: bool,  # noqa: FBT001
) -> None:
    who = await person(kind, scripts=scripts)
    await who.open(f"/leopalace/?lang={who.language}")
    await who.follow("失効申請")
    await who.is_at("失効申請")
    await who.press("URLをメールで受け取る")
    await who.is_at("入力内容を確認してください")
    await ask(who, issued.email, issued.ticket)
    await who.is_at("受け付けました")

    await press_link(who, issued.email, "失効の手続きに進む", "revocation_link")
    await who.is_at("次の証明書を失効してもよろしいですか？")
    await who.reads(LEAKED)
    assert "onetimetoken" not in who.page.url
    await nothing_is_in_the_way(who, scripts=scripts)
    await who.press("失効する")
    await sees_it_revoked(who, scripts=scripts)
    await nothing_is_in_the_way(who, scripts=scripts)
    await issued.mail("revoked")

    words = econtract_words.ENGLISH if who.language is Language.EN else econtract_words.JAPANESE
    await who.open(who.stack.econtract)
    await expect(who.page.get_by_role("region").filter(has_text=issued.email)).to_contain_text(
        words["removed"]
    )
    await issued.shows("証明書は失効しています")


async def sees_it_revoked(who: Person, *, scripts: bool) -> None:
    """The last page says by itself, or when 更新 is pressed, that it is done."""
    revoked = who.heading("証明書を失効しました")
    if scripts:
        await expect(revoked).to_be_visible(timeout=30_000)
        await expect(who.page).to_have_title(re.compile("証明書を失効しました"))
        return

    async def refresh() -> bool:
        await who.follow("更新")
        return await revoked.is_visible()

    await until(refresh, "the certificate is revoked")


async def nothing_is_in_the_way(who: Person, *, scripts: bool) -> None:
    """No barrier on the page; what looks for them is a script."""
    if scripts:
        assert await axe.violations(who.page) == []


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
