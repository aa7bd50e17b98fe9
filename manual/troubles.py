"""What can go wrong or has to be changed, and what comes after the certificate, in pictures."""

from collections.abc import Callable

from domain.link_token import RENEWAL_BY_PRINCIPAL, LinkToken, Purpose, sign
from domain.reference import Reference
from manual import agent as agents
from manual.people import Person
from manual.principal import EMAIL as ISSUED_EMAIL
from manual.principal import fill_in_application
from manual.stack import CAPTCHA_ANSWER, TENANT
from settings import parse_keyring

NewPerson = Callable[[], Person]

_LEAKED = "秘密鍵や暗証番号が漏れた、またはそのおそれがある"


def make_mistakes(who: Person) -> None:
    """次へ with wrong fields: the summary and the messages at the fields."""
    who.register("本人", "1234", "taro.takahashi@example.jp")
    who.write(email_confirmation="taro.takahasi@example.jp")
    who.press("次へ")
    who.is_at("入力内容を確認してください")
    marks = [who.part("#errors"), who.label_of("ticket_number"), who.label_of("email_confirmation")]
    who.picture("mistakes", [who.part("#errors"), who.label_of("email_confirmation")], marks)


def correct_own_address(who: Person, ticket: str) -> None:
    """メールアドレスを訂正する in the browser that registered."""
    who.register("本人", ticket, "taro.takahasi@example.jp")
    who.confirm_registration()
    who.press("メールアドレスを訂正する")
    who.is_at("申請者確認情報の入力")
    shown = [who.part(".box"), who.label_of("email_confirmation")]
    who.picture("correct-address", shown, [who.named("email"), who.named("email_confirmation")])


def open_elsewhere_and_withdraw(new: NewPerson, ticket: str, email: str) -> None:
    """A link in another browser, the old link after a new one was mailed, and 取り下げ."""
    with new() as who, new() as elsewhere:
        who.register("本人", ticket, email)
        who.confirm_registration()
        first = who.read_mail(email, "application_link")
        who.open(first)
        who.press("発行申請に進む")
        elsewhere.open(first)
        elsewhere.is_at("このURLはすでに使われています")
        elsewhere.picture("link-elsewhere", marks=[elsewhere.button("新しいURLをメールで受け取る")])
        elsewhere.press("新しいURLをメールで受け取る")
        elsewhere.read_mail(email, "application_link", 2)
        elsewhere.open(first)
        elsewhere.is_at("このURLは新しいURLに置き換えられました")
        elsewhere.picture("link-superseded", marks=[elsewhere.button("新しいURLをメールで受け取る")])
        second = who.read_mail(email, "application_link", 2)
        who.open(second)
        who.press("発行申請に進む")
        who.follow("申請の状況を見る")
        who.follow("申請を取り下げる")
        buttons = [who.button("申請を取り下げる"), who.link("取り下げずに戻る")]
        who.picture("withdrawal", marks=buttons)
        who.press("申請を取り下げる")
        who.is_at("申請は取り下げられました")
        who.picture("withdrawn", [who.part("h1"), who.part(".acts")], [who.link("申請登録へ")])


def correct_principals_address(agent: Person, ticket: str) -> None:
    """承認依頼の送信先の訂正, by an agent who waits for the principal."""
    agent.register("代理人", ticket, agents.EMAIL)
    agent.confirm_registration()
    agents.apply(agent, number=2)
    agent.follow("訂正する")
    agent.is_at("承認依頼の送信先の訂正")
    agent.write(email="ichiro.suzuki2@example.jp", email_confirmation="ichiro.suzuki2@example.jp")
    agent.picture("correct-principal", marks=[agent.named("email"), agent.button("訂正して送る")])


def ask_for_status(who: Person) -> None:
    """状況確認 for the application that waits for its principal: asking for the link, and where it leads."""
    who.open(f"/{TENANT.name}/status")
    who.write(email=agents.EMAIL)
    button = who.button("URLをメールで受け取る")
    show = [who.part("h1"), button]
    who.picture("status-request", show, [who.named("email"), who.named("ticket_number"), button])
    who.press("URLをメールで受け取る")
    link = who.read_mail(agents.EMAIL, "status_link")
    who.picture_mail("status-mail")
    who.open(link)
    who.press("申請の状況を見る")
    who.is_at("申請の状況")


def let_a_link_expire(who: Person, ticket: str, email: str) -> None:
    """A link that nobody presses; the stack's links are good for a moment only."""
    who.register("本人", ticket, email)
    who.confirm_registration()
    link = who.read_mail(email, "application_link")
    who.read_mail(email, "expired")
    who.open(link)
    who.is_at("URLの有効期限が過ぎました")
    who.picture("link-expired", marks=[who.link("申請登録へ")])


def renew(who: Person, certified: str, ticket: str, link_keys: str) -> None:
    """The renewal of the certificate of enrolment `certified`, by the link that its reminder carries.

    The reminder itself is due only a month before the certificate ends, so its link is made here.
    """
    reference = Reference.parse(certified)
    token = LinkToken(Purpose.RENEWAL, RENEWAL_BY_PRINCIPAL, reference)
    who.open(f"/{TENANT.name}/renewal?onetimetoken={sign(token, parse_keyring(link_keys))}")
    who.is_at("申請者確認情報の入力")
    who.write(ticket_number=ticket, picture=CAPTCHA_ANSWER)
    shown = [who.part(".box"), who.label_of("email")]
    who.picture("renewal", shown, [who.part(".box"), who.named("ticket_number")])
    who.confirm_registration()
    who.open(who.read_mail(ISSUED_EMAIL, "application_link", 2))
    who.press("発行申請に進む")
    fill_in_application(who)
    who.write(phone="03-0000-1111")
    who.press("次へ")
    changes = who.heading("前回の申請から変わるところ")
    who.picture("renewal-changes", [who.part("h1"), who.part("dl.facts").first], [changes])


def revoke(who: Person, ticket: str) -> None:
    """失効申請, from the header's link to its end."""
    who.open(f"/{TENANT.name}/")
    who.follow("失効申請")
    who.write(email=ISSUED_EMAIL, number=ticket, picture=CAPTCHA_ANSWER)
    who.choose(_LEAKED)
    fields = [who.named("email"), who.named("number"), who.part("#reason-group")]
    who.picture("revocation", [who.part("h1"), who.part("#reason-group")], fields)
    who.press("URLをメールで受け取る")
    who.is_at("受け付けました")
    link = who.read_mail(ISSUED_EMAIL, "revocation_link")
    who.picture_mail("revocation-mail")
    who.open(link)
    who.press("失効の手続きに進む")
    who.is_at("次の証明書を失効してもよろしいですか？")
    who.picture("revocation-check", [who.part("h1"), who.part(".acts")], [who.button("失効する")])
    who.press("失効する")
    result = who.page.url
    who.read_mail(ISSUED_EMAIL, "revoked")
    who.open(result)
    who.is_at("証明書を失効しました")
    who.picture("revoked", [who.part("h1"), who.part("#main .acts")])


def read_in_english(who: Person) -> None:
    """The language link, and where it leads."""
    who.open(f"/{TENANT.name}/")
    who.follow("English")
    who.picture("english", [who.part("header.bar"), who.part("main h1")], [who.link("日本語")])
