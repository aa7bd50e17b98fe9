"""An agent applies, and the principal decides: two people, each with a browser and a mailbox of their own."""

from playwright.async_api import expect

from tests.browser import story
from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.running.enrolling import new_address
from tests.running.stack import Stack

REASON = "電話番号の下4桁が違います。\n直してください。"


async def test_an_agents_application_is_sent_back_corrected_approved_and_issued(
    stack: Stack, person: NewPerson
) -> None:
    agent, principal = await person(), await person()
    agents_email, principals_email = new_address("hanako.sato"), new_address()

    await story.register(agent, stack.ticket(), agents_email, "代理人")
    await story.press_link(agent, agents_email, "発行申請に進む")
    await story.fill_in_application(agent)
    await story.fill_in_agents_part(agent, principals_email)
    await submit(agent)

    await send_back(principal, principals_email)
    await correct(agent, agents_email)
    await approve(principal, principals_email)

    await expect(agent.heading(story.ISSUED)).to_be_visible(timeout=30_000)
    await story.see_certificate(principal, principals_email)
    for email in (agents_email, principals_email):
        assert (await stack.mailbox.mail(email, "issued")).to == email
    assert (await stack.mailbox.mail(agents_email, "approval_given")).to == agents_email


async def submit(agent: Person) -> None:
    """発行申請, and see who has to act next."""
    await story.submit_application(agent)
    await agent.follow("申請の状況を見る")
    await agent.is_at("髙橋 太郎 様の承認を待っています")


async def send_back(principal: Person, email: str) -> None:
    """差し戻す with a reason; without one there is a message."""
    await story.press_link(principal, email, "申請の内容を確認する", "approval_request")
    await principal.is_at("申請情報承認")
    for shown in ("佐藤 花子", "株式会社代理", "Taro Takahashi", "Sample Corporation", email):
        await principal.reads(shown)
    await principal.press("差し戻す")
    await expect(principal.page).to_have_title(story.OF_AN_ERROR)
    await principal.write("理由", REASON)
    await principal.press("差し戻す")
    await principal.is_at("差し戻しました")


async def correct(agent: Person, email: str) -> None:
    """Through a link of its own, the form filled in and the reason on top; then 発行申請 again."""
    await story.press_link(agent, email, "発行申請に進む", "application_returned")
    await agent.is_at("利用者本人から差し戻されました")
    await expect(agent.page.locator(".reason")).to_have_text(REASON)
    await expect(agent.field("姓")).to_have_value("髙橋")
    await expect(agent.field("代理人の氏名")).to_have_value("佐藤 花子")
    await agent.write("電話番号", "03-0000-1111")
    await submit(agent)


async def approve(principal: Person, email: str) -> None:
    """承認する through the second mail's link; not without accepting the obligations."""
    mail = await principal.stack.mailbox.mail(email, "approval_request", 2)
    await principal.open(mail.link)
    await principal.press("申請の内容を確認する")
    await principal.reads("03-0000-1111")
    await principal.press("承認する")
    await expect(principal.page).to_have_title(story.OF_AN_ERROR)
    await principal.tick()
    await principal.press("承認する")
    await principal.is_at("承認しました")
