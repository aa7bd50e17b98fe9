"""What people do, page by page, from the top page to the certificate."""

import re

from playwright.async_api import expect

from devstack.econtract import words as econtract_words
from domain.stage import Language
from tests.browser.person import Person
from tests.running.mailbox import Mail
from tests.running.stack import CAPTCHA_ANSWER
from tests.running.waiting import until

OF_AN_ERROR = re.compile("^(エラー：|Error: )")
"""How the title of a page with mistakes begins."""

ISSUED = "証明書は発行されています"

NAME = {
    "姓": "髙橋",
    "名": "太郎",
    "姓（ローマ字）": "Takahashi",
    "名（ローマ字）": "Taro",
    "セイ": "たかはし",
    "メイ": "ﾀﾛｳ",
    "電話番号": "03-0000-0000",
}


async def choose_applicant(who: Person, applicant: str, *, scripts: bool = True) -> None:
    """From the top page to the form with its fields enabled."""
    await who.open(f"/leopalace/?lang={who.language}")
    await who.press("同意する")
    await who.is_at("申請者確認情報の入力")
    await expect(who.field("企業コード")).to_be_disabled()
    await who.choose(applicant)
    if not scripts:
        await who.press("選択")
    await expect(who.field("企業コード")).to_be_enabled()


async def fill_in_registration(who: Person, ticket: str, email: str) -> None:
    """The form's fields."""
    await who.write("企業コード", "leo-sign")
    await who.write("チケット番号", ticket)
    await who.write("メールアドレス", email)
    await who.write("（確認）メールアドレス", email)
    await who.write("画像の文字", CAPTCHA_ANSWER)


async def confirm_registration(who: Person) -> None:
    """次へ, the consent, 申請登録."""
    await who.press("次へ")
    await who.is_at("以下の内容で、申請を登録してもよろしいですか？")
    await who.tick()
    await who.press("申請登録")
    await who.reads("この段階では、まだ申請は完了していません。")


async def register(
    who: Person, ticket: str, email: str, applicant: str = "本人", *, scripts: bool = True
) -> None:
    """申請登録 from the top page to 完了."""
    await choose_applicant(who, applicant, scripts=scripts)
    await fill_in_registration(who, ticket, email)
    await confirm_registration(who)


async def open_mail(who: Person, to: str, kind: str, number: int = 1) -> Mail:
    """Wait for a mail and read it in the mailbox."""
    mailbox = who.stack.mailbox
    mail = await mailbox.mail(to, kind, number)
    await who.open(mailbox.url)
    row = who.page.get_by_role("listitem").filter(has_text=to)
    await who.follow(row.get_by_role("link", name=mail.subject).first)
    await expect(who.page.get_by_role("heading", level=1)).to_have_text(mail.subject)
    return mail


async def press_link(
    who: Person, to: str, button: str, kind: str = "application_link", number: int = 1
) -> None:
    """Read a mail, follow its link and press the button that it leads to."""
    await open_mail(who, to, kind, number)
    await who.follow_into_new_window(who.page.get_by_role("link", name=re.compile("onetimetoken=")).first)
    await who.press(button)


async def fill_in_application(who: Person) -> None:
    """What an application says of the principal: the company is filled in already."""
    await who.is_at("発行申請情報の入力")
    for label, text in NAME.items():
        await who.write(label, text)
    await expect(who.field("会社名")).to_have_value("株式会社サンプル")
    await expect(who.field("会社名（英語表記）")).to_have_value("Sample Corporation")
    await expect(who.field("法人番号")).to_have_value("9999999999999")
    # What was typed comes back folded.
    who.typed |= {"タカハシ", "タロウ", "株式会社サンプル"}
    await who.choose("1年")


async def submit_application(who: Person) -> None:
    """次へ, 発行申請."""
    await who.press("次へ")
    await who.is_at("以下の内容で、発行申請を行ってもよろしいですか？")
    await who.press("発行申請")
    await who.is_at("発行申請を受け付けました")


async def watch_until_issued(who: Person, *, refreshing: bool = False) -> None:
    """The status page, until it says by itself, or when 更新 is pressed, that the certificate is there."""
    await who.follow("申請の状況を見る")
    await who.is_at("申請の状況")
    if not refreshing:
        await expect(who.heading(ISSUED)).to_be_visible(timeout=30_000)
        return

    async def refresh() -> bool:
        await who.follow("更新")
        return await who.heading(ISSUED).is_visible()

    await until(refresh, "the certificate is issued")


async def see_certificate(who: Person, email: str) -> None:
    """The e-contract service's page shows it as installed."""
    words = econtract_words.ENGLISH if who.language is Language.EN else econtract_words.JAPANESE
    await who.open(who.stack.econtract)
    shown = who.page.get_by_role("region").filter(has_text=email)
    await expect(shown).to_contain_text(words["in_use"])
    await expect(shown).to_contain_text("CN=Taro Takahashi")


async def enrol(
    who: Person, ticket: str, email: str, *, scripts: bool = True, refreshing: bool = False
) -> None:
    """The principal's whole story."""
    await register(who, ticket, email, scripts=scripts)
    await press_link(who, email, "発行申請に進む")
    await fill_in_application(who)
    await submit_application(who)
    await watch_until_issued(who, refreshing=refreshing)
    await see_certificate(who, email)
    mail = await open_mail(who, email, "issued")
    assert "Taro Takahashi" in mail.text


async def fill_in_agents_part(agent: Person, principals_email: str) -> None:
    """What only an agent's application has."""
    await agent.write("利用者本人のメールアドレス", principals_email)
    await agent.write("（確認）利用者本人のメールアドレス", principals_email)
    await agent.write("代理人の氏名", "佐藤 花子")
    await agent.write("代理人の会社名", "株式会社代理")
