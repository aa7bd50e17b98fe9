"""The story of 本人, who applies for themselves, in pictures."""

from domain.tenant import Tenant
from manual.people import Person, reference_in
from manual.stack import TENANT

EMAIL = "taro.takahashi@example.jp"
NAME = {
    "family_name": "高橋",
    "given_name": "太郎",
    "family_name_latin": "Takahashi",
    "given_name_latin": "Taro",
    "family_name_kana": "タカハシ",
    "given_name_kana": "タロウ",
    "phone": "03-0000-0000",
}


def tell(who: Person, ticket: str) -> str:
    """From the top page to the certificate in the e-contract service; gives the enrolment's reference."""
    _agree(who)
    _register(who, ticket)
    _consent(who)
    _read_the_mail(who)
    _apply(who)
    reference = reference_in(who.page.url)
    _wait(who)
    return reference


def fill_in_application(who: Person) -> None:
    """What an application says of the principal; the company is filled in already."""
    who.is_at("発行申請情報の入力")
    who.write(**NAME)
    who.choose("1年")


def picture_own_texts(who: Person, tenant: Tenant) -> None:
    """What each tenant says in its own words; the other pages differ in names only."""
    _picture_top(who, tenant, f"{tenant.name}-top")
    for text in ("obligations", "privacy"):
        who.open(f"/{tenant.name}/{text}")
        who.picture_window(f"{tenant.name}-{text}", who.page)


def _picture_top(who: Person, tenant: Tenant, name: str) -> None:
    who.open(f"/{tenant.name}/")
    marks = [who.part(".duties"), who.button("同意する")]
    who.picture(name, [who.part("header.bar"), who.part(".sheet")], marks)


def _agree(who: Person) -> None:
    _picture_top(who, TENANT, "top")
    who.press("同意する")
    form = [who.part("h1"), who.label_of("email")]
    who.picture("choice", form, [who.option("本人"), who.option("代理人")])


def _register(who: Person, ticket: str) -> None:
    who.register("本人", ticket, EMAIL)
    who.picture("principal-way", [who.part("#way"), who.part("#applicant-group")], [who.part("#way .lanes")])
    fields = ["company_code", "ticket_number", "email", "email_confirmation"]
    shown = [who.label_of(name) for name in fields]
    who.picture("principal-registration", shown, [who.named(name) for name in fields])
    picture, change = who.named("picture"), who.button("画像を変更")
    marks = [picture, change, who.link("音声で聞く"), who.button("次へ")]
    who.picture("picture", [who.part("#picture-field"), who.button("次へ")], marks)
    who.press("次へ")


def _consent(who: Person) -> None:
    who.is_at("以下の内容で、申請を登録してもよろしいですか？")
    who.page.get_by_role("checkbox").check()
    buttons = [who.button("申請登録"), who.button("前へ")]
    who.picture("principal-confirmation", marks=[who.part("dl.facts"), who.part(".ticked"), *buttons])
    for name, label in (("obligations", "利用者の義務"), ("privacy", "個人情報の取扱いについて")):
        with who.page.expect_popup() as opening:
            who.link(label).click()
        window = opening.value
        window.wait_for_load_state("load")
        who.picture_window(name, window)
        window.close()
    who.press("申請登録")
    who.is_at("申請登録の完了")
    who.picture("principal-registered", marks=[who.part(".box"), who.button("メールアドレスを訂正する")])


def _read_the_mail(who: Person) -> None:
    link = who.read_mail(EMAIL, "application_link")
    who.picture_mail("principal-mail", whole=True)
    who.open(link)
    who.picture("principal-landing", marks=[who.part("dl.facts"), who.button("発行申請に進む")])
    who.press("発行申請に進む")


def _apply(who: Person) -> None:
    fill_in_application(who)
    who.picture("principal-application", [who.part("h1"), who.label_of("phone")])
    company = [who.heading("会社"), who.button("次へ")]
    who.picture("principal-company", company, [who.part("#validity_years-group"), who.button("次へ")])
    who.press("次へ")
    who.is_at("以下の内容で、発行申請を行ってもよろしいですか？")
    who.picture("principal-check", marks=[who.button("発行申請"), who.link("前へ")])
    who.press("発行申請")
    who.is_at("発行申請を受け付けました")
    who.picture("principal-applied", marks=[who.link("申請の状況を見る")])


def _wait(who: Person) -> None:
    who.follow("申請の状況を見る")
    who.sees_status("認証局の発行を待っています")
    show = [who.part("#live-way"), who.part(".refresh")]
    who.picture("principal-status", show, [who.part(".now"), who.link("更新")])
    who.sees_status("証明書は発行されています")
    who.picture("principal-issued", [who.part("#live-way"), who.part("#live-facts")], [who.part(".now")])
    who.read_mail(EMAIL, "issued")
    who.picture_mail("principal-issued-mail", whole=True)
