"""The e-contract service's side in a browser: it sends people in, and hands in what they decide."""

import re
from typing import Literal

import pytest
from playwright.async_api import expect

from devstack.econtract.words import ENGLISH, JAPANESE
from tests.browser import axe, story
from tests.browser.conftest import NewPerson
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.test_agent import apply, two
from tests.running.enrolling import new_address
from tests.running.stack import Stack

FIXED = "電子契約サービスから引き継いだ内容です。変更はできません。"


async def start(who: Person, applicant: str, email: str = "") -> None:
    """申請登録に進む at the service."""
    await who.open(f"{who.stack.econtract}/start")
    await who.page.get_by_label(JAPANESE[applicant]).check()
    await who.page.get_by_label(JAPANESE["email"]).fill(email)
    await who.press(JAPANESE["start_button"])
    await who.is_at("申請者確認情報の入力")


async def test_a_principal_who_is_sent_in_types_the_ticket_number_only(
    stack: Stack, person: NewPerson
) -> None:
    taro, email = await person(), new_address()
    await start(taro, "principal", email)

    assert "link=" not in taro.page.url
    await expect(taro.radio("本人")).to_be_checked()
    await expect(taro.radio("代理人")).to_be_disabled()
    for label in ("企業コード", "メールアドレス"):
        await expect(taro.field(label)).not_to_be_editable()
    await expect(taro.field("画像の文字")).to_have_count(0)
    await expect(taro.page.get_by_text(FIXED)).to_have_count(3)
    await taro.page.reload()
    await expect(taro.field("メールアドレス")).to_have_value(email)
    await taro.write("チケット番号", stack.ticket())
    await story.confirm_registration(taro)

    await story.press_link(taro, email, "発行申請に進む")
    await story.fill_in_application(taro)
    await story.submit_application(taro)
    await story.watch_until_issued(taro)


async def test_an_agent_who_is_sent_in_gives_an_address_of_their_own(stack: Stack, person: NewPerson) -> None:
    hanako, email = await person(), new_address("hanako.sato")
    await start(hanako, "agent", "taro@example.jp")

    await expect(hanako.radio("代理人")).to_be_checked()
    await expect(hanako.field("企業コード")).not_to_be_editable()
    await expect(hanako.field("メールアドレス")).to_have_value("")
    await hanako.write("チケット番号", stack.ticket())
    await hanako.write("メールアドレス", email)
    await hanako.write("（確認）メールアドレス", email)
    await story.confirm_registration(hanako)

    assert (await stack.mailbox.mail(email, "application_link")).to == email


async def test_the_service_hands_in_the_principals_approval_and_hears_of_every_stage(
    stack: Stack, person: NewPerson
) -> None:
    agent, principal = await two(person)
    agents_email, principals_email = new_address("hanako.sato"), new_address()
    await apply(agent, agents_email, principals_email)

    await principal.open(f"{stack.econtract}/approvals")
    case = principal.page.get_by_role("region").filter(has_text=principals_email)
    await case.get_by_role("button", name=JAPANESE["approve"]).click()
    await expect(principal.page.get_by_role("status")).to_contain_text(JAPANESE["told_obligations-missing"])
    await case.get_by_role("checkbox").check()
    await case.get_by_role("button", name=JAPANESE["approve"]).click()
    told = principal.page.get_by_role("status")
    await expect(told).to_contain_text(JAPANESE["told_accepted"])
    reference = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{1,4}){3}", await told.inner_text())
    assert reference is not None

    await expect(agent.heading(story.ISSUED)).to_be_visible(timeout=30_000)
    assert (await stack.mailbox.mail(agents_email, "approval_given")).to == agents_email
    # The link that was mailed is over, too.
    await principal.open((await stack.mailbox.mail(principals_email, "approval_request")).link)
    await expect(principal.button("申請の内容を確認する")).to_have_count(0)
    await principal.open(f"{stack.econtract}/log")
    stages = principal.page.get_by_role("region", name=reference[0]).get_by_role("listitem")
    order = ("registered", "applying", "awaiting_approval", "in_review", "issuing", "installing", "issued")
    await expect(stages).to_contain_text([JAPANESE[f"stage_{stage}"] for stage in order])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/start", "/approvals", "/log"])
async def test_axe_finds_nothing_at_the_service(
    stack: Stack, person: NewPerson, path: str, scheme: Literal["light", "dark"]
) -> None:
    who = await person()
    await who.page.emulate_media(color_scheme=scheme)
    for words, size in ((JAPANESE, DESKTOP), (ENGLISH, PHONE)):
        await who.page.set_viewport_size(size)
        await who.open(f"{stack.econtract}{path}?lang={words['lang']}")
        assert await axe.violations(who.page) == [], size
        assert await who.width() <= size["width"], size
