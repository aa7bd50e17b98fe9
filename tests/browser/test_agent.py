"""An agent applies, and the principal decides: two people, each with a browser and a mailbox of their own."""

from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.browser import story
from tests.browser.conftest import NewPerson
from tests.browser.person import OnASmallPhone, Person, ReadingEnglish
from tests.running.enrolling import new_address
from tests.running.stack import CAPTCHA_ANSWER, Stack

REASON = "電話番号の下4桁が違います。\n直してください。"
AGENT = {"佐藤 花子", "株式会社代理", REASON}
SUPERSEDED = "このURLは新しいURLに置き換えられました"


async def two(person: NewPerson, kind: Callable[..., Person] = Person) -> tuple[Person, Person]:
    """An agent and a principal, who see what the other has typed."""
    agent, principal = await person(kind), await person(kind)
    agent.typed |= AGENT
    principal.typed = agent.typed
    await principal.open(f"/leopalace/?lang={principal.language}")
    return agent, principal


@pytest.mark.parametrize("kind", [ReadingEnglish, OnASmallPhone])
async def test_an_agents_application_is_sent_back_corrected_approved_and_issued(
    stack: Stack, person: NewPerson, kind: Callable[..., Person]
) -> None:
    agent, principal = await two(person, kind)
    agents_email, principals_email = new_address("hanako.sato"), new_address()

    await apply(agent, agents_email, principals_email)
    await send_back(principal, principals_email)
    await correct(agent, agents_email)
    await approve(principal, principals_email)

    await expect(agent.heading(story.ISSUED)).to_be_visible(timeout=30_000)
    await story.see_certificate(principal, principals_email)
    for email in (agents_email, principals_email):
        assert (await stack.mailbox.mail(email, "issued")).to == email
    assert (await stack.mailbox.mail(agents_email, "approval_given")).to == agents_email


async def test_the_request_goes_to_another_address_again_and_is_withdrawn(
    stack: Stack, person: NewPerson
) -> None:
    agent, principal = await two(person)
    agents_email, wrong, right = new_address("hanako.sato"), new_address("jiro"), new_address()
    await apply(agent, agents_email, wrong)

    await agent.follow("訂正する")
    await agent.is_at("承認依頼の送信先の訂正")
    await agent.write("利用者本人のメールアドレス", right)
    await agent.write("（確認）利用者本人のメールアドレス", right)
    await agent.press("訂正して送る")
    await agent.reads("送信先の訂正を受け付けました")
    first = await stack.mailbox.mail(right, "approval_request")
    await agent.press("承認のお願いをもう一度送る")
    second = await stack.mailbox.mail(right, "approval_request", 2)

    for dead in ((await stack.mailbox.mail(wrong, "approval_request")).link, first.link):
        await principal.open(dead)
        await principal.is_at(SUPERSEDED)
        await expect(principal.page.locator("main")).not_to_contain_text("髙橋")
    await principal.open(second.link)
    await principal.press("申請の内容を確認する")
    await principal.is_at("申請情報承認")

    await agent.follow("申請を取り下げる")
    await agent.press("申請を取り下げる")
    await agent.is_at("申請は取り下げられました")
    await principal.open(second.link)
    await principal.is_at("申請は取り下げられました")
    for email in (agents_email, right):
        assert (await stack.mailbox.mail(email, "withdrawn")).to == email


async def test_a_corrected_address_is_the_one_in_the_form_that_comes_back(person: NewPerson) -> None:
    agent, principal = await two(person)
    agents_email, wrong, right = new_address("hanako.sato"), new_address("jiro"), new_address()
    await apply(agent, agents_email, wrong)
    await agent.follow("訂正する")
    await agent.write("利用者本人のメールアドレス", right)
    await agent.write("（確認）利用者本人のメールアドレス", right)
    await agent.press("訂正して送る")

    await send_back(principal, right)
    await story.press_link(agent, agents_email, "発行申請に進む", "application_returned")

    await expect(agent.field("利用者本人のメールアドレス")).to_have_value(right)
    await expect(agent.field("（確認）利用者本人のメールアドレス")).to_have_value(right)


async def test_an_agent_registers_one_person_after_another(stack: Stack, person: NewPerson) -> None:
    agent, _ = await two(person)
    email = new_address("hanako.sato")
    await story.register(agent, stack.ticket(), email, "代理人")

    for number in (2, 3):
        await agent.press("次の方を登録する")
        await agent.reads("次の方のチケット番号を入力してください。")
        await expect(agent.radio("代理人")).to_be_checked()
        await expect(agent.field("企業コード")).to_have_value("leo-sign")
        await expect(agent.field("メールアドレス")).to_have_value(email)
        await expect(agent.field("チケット番号")).to_have_value("")
        await expect(agent.field("画像の文字")).to_have_value("")
        await agent.write("チケット番号", stack.ticket())
        await agent.write("画像の文字", CAPTCHA_ANSWER)
        await story.confirm_registration(agent)
        assert (await stack.mailbox.mail(email, "application_link", number)).to == email


async def apply(agent: Person, agents_email: str, principals_email: str) -> None:
    """From the registration to waiting for the principal."""
    await story.register(agent, agent.stack.ticket(), agents_email, "代理人")
    await expect(agent.page.locator("main nav")).to_contain_text(agent.said("本人作業"))
    await story.press_link(agent, agents_email, "発行申請に進む")
    await story.fill_in_application(agent)
    await story.fill_in_agents_part(agent, principals_email)
    await submit(agent)


async def submit(agent: Person) -> None:
    """発行申請, and see for whom it is and who has to act next."""
    await story.submit_application(agent)
    await expect(agent.page.locator(".whose")).to_have_text(
        agent.said("%(name)s様の代理申請", name="髙橋 太郎")
    )
    await agent.follow("申請の状況を見る")
    waits = agent.said("%(name)s 様の承認を待っています", name="髙橋 太郎")
    await expect(agent.page.get_by_role("heading", name=waits)).to_be_visible()


async def send_back(principal: Person, email: str) -> None:
    """差し戻す with a reason; without one there is a message."""
    await story.press_link(principal, email, "申請の内容を確認する", "approval_request")
    await principal.is_at("申請情報承認")
    for shown in ("佐藤 花子", "株式会社代理", "Taro Takahashi", "Sample Corporation", email):
        await expect(principal.page.locator("main")).to_contain_text(shown)
    await principal.press("差し戻す")
    await expect(principal.page).to_have_title(story.OF_AN_ERROR)
    await principal.write("理由", REASON)
    await principal.press("差し戻す")
    await principal.is_at("差し戻しました")
    await expect(principal.page.locator("main")).to_contain_text("佐藤 花子")


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
    """承認する through the second mail's link, the first one being dead; not without the obligations."""
    mailbox = principal.stack.mailbox
    mail = await mailbox.mail(email, "approval_request", 2)
    await principal.open((await mailbox.mail(email, "approval_request", 1)).link)
    await principal.is_at(SUPERSEDED)
    await principal.open(mail.link)
    await principal.press("申請の内容を確認する")
    await principal.reads("03-0000-1111")
    await principal.press("承認する")
    await expect(principal.page).to_have_title(story.OF_AN_ERROR)
    await principal.tick()
    await principal.press("承認する")
    await principal.is_at("承認しました")
