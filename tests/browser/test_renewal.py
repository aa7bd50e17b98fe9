"""更新 in a browser: from a reminder's link to the certificate that takes the old one's place."""

import json
import re

from playwright.async_api import expect

from domain.link_token import RENEWAL_BY_APPLICANT, LinkToken, Purpose, sign
from domain.reference import Reference
from settings import parse_keyring
from tests.browser import axe
from tests.browser.conftest import NewPerson
from tests.browser.story import press_link, watch_until_issued
from tests.running.enrolling import Enrolling, People, issued_at
from tests.running.stack import CAPTCHA_ANSWER, Stack
from tests.running.waiting import until


async def test_a_subscriber_renews_with_a_new_ticket_and_sees_what_changes(
    stack: Stack, people: People, person: NewPerson
) -> None:
    older, who = await issued_at(people), await person()
    await who.open(link_in_a_reminder(older))
    await who.is_at("申請者確認情報の入力")
    await who.reads("証明書の更新の申請です。")
    assert "onetimetoken" not in who.page.url
    await expect(who.radio("本人")).to_be_checked()
    for label, text in {
        "企業コード": "leo-sign",
        "チケット番号": "",
        "メールアドレス": older.email,
        "（確認）メールアドレス": older.email,
    }.items():
        await expect(who.field(label)).to_have_value(text)
    assert await axe.violations(who.page) == []
    await who.write("チケット番号", stack.ticket())
    await who.write("画像の文字", CAPTCHA_ANSWER)
    await who.press("次へ")
    await who.tick()
    await who.press("申請登録")
    await who.is_at("申請登録の完了")

    await press_link(who, older.email, "発行申請に進む", number=2)
    await who.reads("更新の申請です。前回の申請の内容を入力しています。")
    await expect(who.field("名（ローマ字）")).to_have_value("Taro")
    await who.write("電話番号", "03-9999-9999")
    await who.press("次へ")
    await who.is_at("前回の申請から変わるところ")
    await expect(who.page.locator("dl.facts").first).to_have_text(
        re.compile("03-0000-0000.*03-9999-9999", re.DOTALL)
    )
    assert await axe.violations(who.page) == []
    await who.press("発行申請")
    await watch_until_issued(who)
    await until(lambda: knows_its_successor(stack, older), "the old certificate has a successor")


def link_in_a_reminder(applicant: Enrolling) -> str:
    """The link that comes thirty days before the end."""
    keys = parse_keyring(applicant.stack.environment["JCAN_LINK_KEYS"])
    token = LinkToken(Purpose.RENEWAL, RENEWAL_BY_APPLICANT, Reference.parse(applicant.reference))
    return f"/{applicant.tenant}/renewal?onetimetoken={sign(token, keys)}"


async def knows_its_successor(stack: Stack, older: Enrolling) -> bool:
    """Whether a certificate says which one has taken its place."""
    listed = json.loads(await stack.jcan("certificates", "list", "--json"))
    own = next(each for each in listed if Reference.parse(each["reference"]).text == older.reference)
    return own["renewed_by"] in {each["serial"] for each in listed}
