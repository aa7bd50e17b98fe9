"""Every page and state that is looked at for accessibility, in one table, and how to get there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from playwright.async_api import ViewportSize

from devstack.econtract import words as econtract
from devstack.mailbox import words as mailbox
from domain.reference import Reference
from domain.stage import Language
from tests.browser.person import DESKTOP, PHONE, Person
from tests.running.enrolling import ISSUED, Enrolling, People, new_address
from web.i18n import translate

Whose = Literal["registrant", "applicant", "stranger", "operator"]
"""Whose browser shows it: one that keeps forms of registrations, one with enrolments, one with nothing, or an
administrator's."""


class View(NamedTuple):
    """How a page is looked at."""

    language: Language
    width: Literal["phone", "desktop"]
    scheme: Literal["light", "dark"]

    @property
    def size(self) -> ViewportSize:
        """The viewport."""
        return PHONE if self.width == "phone" else DESKTOP


BOTH = (View(Language.JA, "desktop", "light"), View(Language.EN, "phone", "dark"))


@dataclass(frozen=True)
class State:
    """A page in a state. `heading` proves that it is the one; in both languages where it is not the web's."""

    name: str
    heading: str | tuple[str, str]
    path: str = ""
    whose: Whose = "applicant"
    mistakes: bool = False
    views: tuple[View, ...] = BOTH
    then: Callable[[Person], Awaitable[None]] | None = None

    def heading_in(self, language: Language) -> str:
        """The heading as it is shown."""
        if isinstance(self.heading, tuple):
            return self.heading[language is Language.EN]
        return translate(self.heading, language)


async def _send_back_without_reason(who: Person) -> None:
    await who.press("差し戻す")


async def _ask_without_address(who: Person) -> None:
    await who.press("URLをメールで受け取る")


async def _correct_without_address(who: Person) -> None:
    await who.press("訂正して送る")


async def _sign_in_with_nothing(who: Person) -> None:
    await who.press("サインイン")


async def _order_nothing(who: Person) -> None:
    await who.press("注文する")


async def _change_to_nothing(who: Person) -> None:
    await who.press("パスワードを変更する")


async def _unfold_the_way(who: Person) -> None:
    await who.page.locator(".way summary").click()


FORM, CONFIRMATION = "申請者確認情報の入力", "以下の内容で、申請を登録してもよろしいですか？"
APPLICATION = "発行申請情報の入力"
MAILBOX = (mailbox.JAPANESE["name"], mailbox.ENGLISH["name"])
ECONTRACT = (econtract.JAPANESE["heading"], econtract.ENGLISH["heading"])
SUBJECT = "【Leo-sign】電子証明書申請登録のご案内"

STATES = (
    State("services", "ご利用のサービスを選んでください", "/"),
    State("top", "利用者の義務", "/leopalace/"),
    State("top of the other tenant", "利用者の義務", "/contracthub/"),
    State("step 1, nothing chosen", FORM, "/leopalace/regist/step1"),
    State("step 1, principal chosen", FORM, whose="registrant"),
    State(
        "step 1 on a phone, the way unfolded",
        FORM,
        whose="registrant",
        views=(View(Language.JA, "phone", "light"),),
        then=_unfold_the_way,
    ),
    State("step 1, agent chosen", FORM, whose="registrant"),
    State("step 1 with mistakes", FORM, whose="registrant", mistakes=True),
    State("confirmation", CONFIRMATION, whose="registrant"),
    State("confirmation without consent", CONFIRMATION, whose="registrant", mistakes=True),
    State("registration done", "申請登録の完了", whose="registrant"),
    State("registration done by an agent", "申請登録の完了", whose="registrant"),
    State("obligations in a window", "利用者の義務", "/leopalace/obligations"),
    State("privacy in a window", "個人情報の取扱いについて", "/leopalace/privacy"),
    State("manual", ("申請登録の手順", "申請登録の手順"), "/leopalace/manual"),
    State("revocation", "失効申請", "/leopalace/revocation"),
    State(
        "revocation with mistakes",
        "失効申請",
        "/leopalace/revocation",
        mistakes=True,
        then=_ask_without_address,
    ),
    State("revocation asked for", "受け付けました", "/leopalace/revocation/sent"),
    State(
        "junk for a link to a revocation",
        "URLが正しくありません",
        "/leopalace/revocation/link?onetimetoken=junk",
    ),
    State("landing of a link", "発行申請の手続き", whose="stranger"),
    State("junk for a link", "URLが正しくありません", "/leopalace/realregist/step1?onetimetoken=junk"),
    State("link used elsewhere", "このURLはすでに使われています", whose="stranger"),
    State("superseded link", "このURLは新しいURLに置き換えられました", whose="stranger"),
    State("link of a finished enrolment", ISSUED, whose="stranger"),
    State("application", APPLICATION),
    State("application with mistakes", APPLICATION, mistakes=True),
    State("application of an agent, sent back", APPLICATION),
    State("application confirmation", "以下の内容で、発行申請を行ってもよろしいですか？"),
    State("application done", "発行申請を受け付けました"),
    State("approval landing", "申請情報承認の手続き", whose="stranger"),
    State("approval", "申請情報承認"),
    State("approval without a reason", "申請情報承認", mistakes=True, then=_send_back_without_reason),
    State("approval done", "差し戻しました"),
    State("status, waiting for review", "申請の状況"),
    State("status, waiting for approval", "申請の状況"),
    State("status, issued", "申請の状況"),
    State("status, withdrawn", "申請の状況"),
    State("withdrawal", "申請を取り下げてもよろしいですか？"),
    State("principal's address to correct", "承認依頼の送信先の訂正"),
    State(
        "principal's address with mistakes",
        "承認依頼の送信先の訂正",
        mistakes=True,
        then=_correct_without_address,
    ),
    State("status request", "状況確認", "/leopalace/status"),
    State(
        "status request with mistakes",
        "状況確認",
        "/leopalace/status",
        mistakes=True,
        then=_ask_without_address,
    ),
    State("console, sign-in refused", "サインイン", "/console", "stranger", True, then=_sign_in_with_nothing),
    State("console, review queue", "審査を待っている申請", "/console/reviews", "operator"),
    State(
        "console, sent back without a reason",
        "審査の決定",
        whose="operator",
        mistakes=True,
        then=_send_back_without_reason,
    ),
    State("console, enrolments", "申請の検索", "/console/enrolments", "operator"),
    State(
        "console, order with mistakes",
        "新しい注文",
        "/console/tickets",
        "operator",
        True,
        then=_order_nothing,
    ),
    State("console, certificates", "証明書の一覧", "/console/certificates", "operator"),
    State("console, revocation", "証明書の失効", whose="operator"),
    State(
        "console, password with mistakes",
        "パスワードの変更",
        "/console/account",
        "operator",
        mistakes=True,
        then=_change_to_nothing,
    ),
    State("unknown tenant", "ページが見つかりません", "/nobody/"),
    State("unknown page", "ページが見つかりません", "/leopalace/nothing"),
    State("unknown enrolment", "申請が見つかりません", "/leopalace/enrolments/0000000000000/status"),
    State("mailbox", MAILBOX),
    State("mail", (SUBJECT, SUBJECT)),
    State("e-contract service", ECONTRACT),
)


@dataclass
class Gallery:
    """The addresses of the states that had to be made, and the people whose browsers may see them."""

    addresses: dict[str, str]
    browsers: dict[Whose, list[Enrolling]]

    def address_of(self, state: State) -> str:
        """Where a state is."""
        return self.addresses.get(state.name, state.path)


async def hang(people: People) -> Gallery:
    """Bring enrolments into all the states, side by side."""
    rooms = {
        _registering: await people.new(),
        _agent_registering: await people.new(applicant="agent"),
        _applying: await people.new(),
        _confirming: await people.new(),
        _waiting: await people.new(tenant="contracthub", company_code="contracthub"),
        _issued: await people.new(),
        _withdrawn: await people.new(),
        _asked: await people.new(applicant="agent"),
        _deciding: await people.new(applicant="agent"),
        _sent_back: await people.new(applicant="agent"),
    }
    parts = await asyncio.gather(*(room(who) for room, who in rooms.items()))
    registrants = [rooms[room] for room in (_registering, _agent_registering)]
    applicants = [who for who in rooms.values() if who not in registrants]
    browsers: dict[Whose, list[Enrolling]] = {
        "registrant": registrants,
        "applicant": applicants,
        "stranger": [],
        "operator": [],
    }
    return Gallery({name: place for part in parts for name, place in part.items()}, browsers)


async def _registering(who: Enrolling) -> dict[str, str]:
    chosen = await who.choose()
    wrong = await who.confirmation(ticket_number="1234", email_confirmation="")
    unticked = await who.confirmation()
    unticked = await who.post(unticked.form_action(), unticked.posted_fields() | {"act": "register"})
    confirmation = await who.confirmation()
    done = await who.register()
    return {
        "step 1, principal chosen": str(chosen.response.url),
        "step 1 with mistakes": str(wrong.response.url),
        "confirmation without consent": str(unticked.response.url),
        "confirmation": str(confirmation.response.url),
        "registration done": str(done.response.url),
        "landing of a link": (await who.mail()).link,
        "mail": f"{who.stack.mailbox.url}/messages/{(await who.mail()).id}",
        "mailbox": who.stack.mailbox.url,
    }


async def _agent_registering(who: Enrolling) -> dict[str, str]:
    chosen = await who.choose()
    done = await who.register()
    return {
        "step 1, agent chosen": str(chosen.response.url),
        "step 1 on a phone, the way unfolded": str(chosen.response.url),
        "registration done by an agent": str(done.response.url),
    }


async def _applying(who: Enrolling) -> dict[str, str]:
    await who.open()
    wrong = await who.fill_in(phone="", corporate_number="9999999999998", validity_years="")
    superseded = (await who.mail()).link
    await who.ask_for_new_link()
    await who.mail(number=2)
    return {"application with mistakes": str(wrong.response.url), "superseded link": superseded}


async def _confirming(who: Enrolling) -> dict[str, str]:
    await who.open()
    confirmation = await who.fill_in()
    return {
        "application": f"{who.home}/application",
        "application confirmation": str(confirmation.response.url),
        "withdrawal": f"{who.home}/status/withdraw",
        "link used elsewhere": (await who.mail()).link,
    }


async def _waiting(who: Enrolling) -> dict[str, str]:
    await who.open()
    done = await who.submit()
    await who.shows("審査を待っています")
    return {
        "application done": str(done.response.url),
        "status, waiting for review": f"{who.home}/status",
        "console, sent back without a reason": f"/console/enrolments/{who.reference}",
    }


async def _issued(who: Enrolling) -> dict[str, str]:
    await who.open()
    await who.submit()
    await who.shows(ISSUED)
    listed = json.loads(await who.stack.jcan("certificates", "list", "--json"))
    own = Reference.parse(who.reference).grouped
    serial = next(each["serial"] for each in listed if each["reference"] == own)
    return {
        "console, revocation": f"/console/certificates/{serial}/revocation",
        "status, issued": f"{who.home}/status",
        "link of a finished enrolment": (await who.mail()).link,
        "e-contract service": who.stack.econtract,
    }


async def _withdrawn(who: Enrolling) -> dict[str, str]:
    await who.open()
    asked = await who.get(f"{who.home}/status/withdraw")
    await who.post(asked.form_action(), asked.posted_fields())
    await who.shows("申請は取り下げられました")
    return {"status, withdrawn": f"{who.home}/status"}


async def _asked(who: Enrolling) -> dict[str, str]:
    link = await _link_to_approve(who)
    return {
        "status, waiting for approval": f"{who.home}/status",
        "principal's address to correct": f"{who.home}/status/principal",
        "principal's address with mistakes": f"{who.home}/status/principal",
        "approval landing": link,
    }


async def _deciding(who: Enrolling) -> dict[str, str]:
    approval = await who.press(await _link_to_approve(who))
    return {"approval": approval.path, "approval without a reason": approval.path}


async def _sent_back(who: Enrolling) -> dict[str, str]:
    approval = await who.press(await _link_to_approve(who))
    reason = {"decision": "return", "reason": "電話番号が違います。"}
    done = await who.post(approval.form_action(), approval.posted_fields() | reason)
    form = await who.press((await who.mail("application_returned")).link)
    return {"approval done": done.path, "application of an agent, sent back": form.path}


async def _link_to_approve(who: Enrolling) -> str:
    """An agent's application as far as the principal's mail. One browser plays both."""
    principal = new_address()
    await who.open()
    await who.submit(email=principal, email_confirmation=principal)
    await who.shows("の承認を待っています")
    return (await who.mail("approval_request", to=principal)).link
