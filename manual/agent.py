"""The story of 代理人, who applies for somebody else, and of that somebody, in pictures."""

from manual.people import Person

EMAIL = "hanako.sato@example.jp"
PRINCIPALS_EMAIL = "ichiro.suzuki@example.jp"
NAME = {
    "family_name": "鈴木",
    "given_name": "一郎",
    "family_name_latin": "Suzuki",
    "given_name_latin": "Ichiro",
    "family_name_kana": "スズキ",
    "given_name_kana": "イチロウ",
    "email": PRINCIPALS_EMAIL,
    "email_confirmation": PRINCIPALS_EMAIL,
    "phone": "03-0000-0000",
    "agent_name": "佐藤 花子",
    "agent_company": "株式会社サンプル",
}
REASON = "電話番号が古いままです。03-0000-1111に直してください。"


def tell(agent: Person, principal: Person, ticket: str) -> None:
    """From the agent's registration, over an application sent back, to the approval and the certificate."""
    _register(agent, ticket)
    apply(agent, pictures=True)
    _send_back(principal)
    _correct(agent)
    _approve(principal)
    agent.sees_status("証明書は発行されています")
    agent.picture("agent-issued", [agent.part("#live-way"), agent.part("#live-facts")], [agent.part(".now")])


def apply(agent: Person, *, number: int = 1, pictures: bool = False) -> None:
    """From the agent's `number`th mail to waiting for the principal."""
    link = agent.read_mail(EMAIL, "application_link", number)
    if pictures:
        agent.picture_mail("agent-mail")
    agent.open(link)
    if pictures:
        agent.picture("agent-landing", marks=[agent.part("dl.facts"), agent.button("発行申請に進む")])
    agent.press("発行申請に進む")
    agent.is_at("発行申請情報の入力")
    agent.write(**NAME)
    agent.choose("1年")
    if pictures:
        _picture_form(agent)
    agent.press("次へ")
    agent.is_at("以下の内容で、発行申請を行ってもよろしいですか？")
    if pictures:
        agent.picture("agent-check", marks=[agent.button("発行申請"), agent.link("前へ")])
    agent.press("発行申請")
    agent.is_at("発行申請を受け付けました")
    if pictures:
        agent.picture(
            "agent-applied", marks=[agent.link("申請の状況を見る"), agent.button("次の方を登録する")]
        )
    agent.follow("申請の状況を見る")
    agent.sees_status("鈴木 一郎 様の承認を待っています")


def _register(agent: Person, ticket: str) -> None:
    agent.register("代理人", ticket, EMAIL)
    shown = [agent.part("#way"), agent.part("#applicant-group")]
    agent.picture("agent-way", shown, [agent.part("#way section").nth(0), agent.part("#way section").nth(1)])
    fields = ["company_code", "ticket_number", "email", "email_confirmation"]
    agent.picture(
        "agent-registration",
        [agent.label_of(name) for name in fields],
        [agent.named(name) for name in fields],
    )
    agent.press("次へ")
    agent.is_at("以下の内容で、申請を登録してもよろしいですか？")
    agent.page.get_by_role("checkbox").check()
    buttons = [agent.button("申請登録"), agent.button("前へ")]
    agent.picture("agent-confirmation", marks=[agent.part("dl.facts"), agent.part(".ticked"), *buttons])
    agent.press("申請登録")
    agent.is_at("申請登録の完了")
    more = [agent.button("次の方を登録する"), agent.button("メールアドレスを訂正する")]
    agent.picture("agent-registered", marks=[agent.part(".box"), *more])


def _picture_form(agent: Person) -> None:
    shown = [agent.part("h1"), agent.label_of("phone")]
    agent.picture("agent-application", shown, [agent.named("email"), agent.named("email_confirmation")])
    who = [agent.named("agent_name"), agent.named("agent_company")]
    company = [agent.heading("会社").first, agent.button("次へ")]
    agent.picture("agent-company", company, [*who, agent.button("次へ")])


def _send_back(principal: Person) -> None:
    link = principal.read_mail(PRINCIPALS_EMAIL, "approval_request")
    principal.picture_mail("approval-mail")
    principal.open(link)
    button = principal.button("申請の内容を確認する")
    principal.picture("approval-landing", marks=[principal.part("dl.facts"), button])
    principal.press("申請の内容を確認する")
    principal.is_at("申請情報承認")
    principal.picture("approval-contents", [principal.part("h1"), principal.part("dl.facts").last])
    principal.part("details.read").evaluate("details => details.open = true")
    principal.page.get_by_role("checkbox").check()
    principal.picture(
        "approval-approve",
        [principal.heading("承認する場合"), principal.button("承認する")],
        [principal.part("details.read"), principal.part(".ticked"), principal.button("承認する")],
    )
    principal.write(reason=REASON)
    buttons = [principal.button("差し戻す"), principal.button("拒否する")]
    shown = [principal.heading("承認しない場合"), principal.label_of("reason"), *buttons]
    principal.picture("approval-return", shown, [principal.named("reason"), *buttons])
    principal.press("差し戻す")
    principal.is_at("差し戻しました")
    principal.picture("approval-returned")


def _correct(agent: Person) -> None:
    link = agent.read_mail(EMAIL, "application_returned")
    agent.picture_mail("returned-mail")
    agent.open(link)
    agent.press("発行申請に進む")
    agent.is_at("利用者本人から差し戻されました")
    shown = [agent.part(".whose"), agent.label_of("given_name")]
    agent.picture("returned-application", shown, [agent.part(".box")])
    agent.write(phone="03-0000-1111")
    agent.press("次へ")
    agent.press("発行申請")
    agent.follow("申請の状況を見る")
    agent.sees_status("鈴木 一郎 様の承認を待っています")
    acts = [agent.button("承認のお願いをもう一度送る"), agent.link("申請を取り下げる")]
    show = [agent.part("#live-way"), agent.part("#live-acts")]
    agent.picture("agent-status", show, [agent.part(".now"), agent.link("訂正する"), *acts])


def _approve(principal: Person) -> None:
    link = principal.read_mail(PRINCIPALS_EMAIL, "approval_request", 2)
    principal.open(link)
    principal.press("申請の内容を確認する")
    principal.page.get_by_role("checkbox").check()
    principal.press("承認する")
    principal.is_at("承認しました")
    principal.picture("approved")
