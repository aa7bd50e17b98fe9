"""What every letter has, and what the ones that people wait for say."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from domain.stage import Applicant, Language
from mailing.compose import Links, compose
from mailing.letter import LetterKind
from tests.mailing.letters import (
    FRONT,
    SENT_AT,
    TENANTS,
    TICKET,
    UNTIL,
    URL,
    composed,
    html_of,
    letter,
    text_of,
)

every_letter = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in LetterKind for language in Language]
)


class Page(HTMLParser):
    """What a reader of the HTML part sees and can press."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.shown = ""
        self.images = 0
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value or "" for name, value in attrs if name == "href"]
        self.images += tag in {"img", "script", "link", "iframe"}
        self._hidden = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag not in {"style", "title"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.shown += data


@every_letter
def test_on_the_wire_it_is_plain_ascii_with_text_and_html(kind: LetterKind, language: Language) -> None:
    written = letter(kind, language)
    wire = bytes(
        compose(written, TENANTS["leopalace"], Links(FRONT, URL), period=timedelta(3), sent_at=SENT_AT)
    )
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    message = composed(written)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@every_letter
def test_its_headers_say_who_writes_that_a_machine_does_and_in_which_language(
    kind: LetterKind, language: Language
) -> None:
    message = composed(letter(kind, language))
    assert message["From"] == "JCAN証明書オンライン発行システム <no-reply@lra.example.jp>"
    assert message["To"] == "hanako.sato@example.jp"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == SENT_AT
    assert message["Content-Language"].split(", ")[0] == language
    assert message["Subject"].startswith("【Leo-sign】" if language is Language.JA else "[Leo-sign] ")


def test_the_sender_s_name_is_one_encoded_word() -> None:
    written = letter(LetterKind.ISSUED)
    message = compose(written, TENANTS["leopalace"], Links(FRONT), period=timedelta(3), sent_at=SENT_AT)
    header = next(line for line in bytes(message).split(b"\r\n") if line.startswith(b"From: "))
    assert header.count(b"?b?") == 1
    assert len(header.removeprefix(b"From: ")) <= 75


@pytest.mark.parametrize("name", ["髙橋証明書オンライン発行システムのご案内窓口", "JCAN System", "Doe, John"])
def test_any_other_sender_s_name_arrives_too(name: str) -> None:
    tenant = TENANTS["leopalace"].model_copy(update={"mail_from_name": name})
    message = compose(letter(LetterKind.ISSUED), tenant, Links(FRONT), period=timedelta(3), sent_at=SENT_AT)
    sender = message_from_bytes(bytes(message))["From"]
    shown, address = parseaddr(str(make_header(decode_header(sender))))
    assert (shown, address) == (name, "no-reply@lra.example.jp")


@every_letter
def test_both_parts_say_the_same(kind: LetterKind, language: Language) -> None:
    message = composed(letter(kind, language))
    shown = re.sub(r"\s", "", Page(html_of(message)).shown)
    for line in text_of(message).splitlines():
        # A label and its value stand on one line of the text, in two cells of the table.
        words = re.sub(r"[\s■-]", "", line).rstrip("：:")
        halves = re.split("[：:]", words, maxsplit=1) if words not in shown.replace("-", "") else [words]
        assert all(half in shown.replace("-", "") for half in halves), line


@every_letter
def test_it_has_one_button_whose_address_is_there_in_full_and_nothing_from_elsewhere(
    kind: LetterKind, language: Language
) -> None:
    message = composed(letter(kind, language))
    page = Page(html_of(message))
    pressed = [href for href in page.hrefs if href.startswith("http")]
    assert len(pressed) == 2
    assert len(set(pressed)) == 1
    assert pressed[0] in page.shown
    assert pressed[0] in text_of(message).splitlines()
    assert page.images == 0


@every_letter
def test_no_placeholder_is_left(kind: LetterKind, language: Language) -> None:
    message = composed(letter(kind, language))
    assert not re.search(r"%\(|\{\{|\{%|None|&amp;amp;", text_of(message) + html_of(message))


@pytest.mark.parametrize("kind", LetterKind)
def test_an_english_letter_has_no_japanese_but_names(kind: LetterKind) -> None:
    if not kind.bilingual:
        names = {
            "principal_name": "Taro Takahashi",
            "agent_name": "Hanako Sato",
            "agent_company": "Sample Corporation",
        }
        text = text_of(composed(letter(kind, Language.EN, **names, reason="The company's name is wrong.")))
        assert not re.search(r"[ぁ-ヿ一-鿿：（）「」、。]", text)


def test_the_application_mail() -> None:
    message = composed(letter(LetterKind.APPLICATION_LINK, applicant=Applicant.PRINCIPAL, recipient=None))
    assert message["Subject"] == "【Leo-sign】電子証明書申請登録のご案内"
    lines = text_of(message).splitlines()
    assert f"チケット番号：{TICKET}" in lines
    assert URL in lines
    assert any("有効期限は3日間です" in line for line in lines)
    assert any("チケット番号はそのままお使いいただけます" in line for line in lines)
    assert "JCAN証明書 認定LRA" in lines
    assert "承認" not in text_of(message)


def test_an_agent_is_told_that_the_principal_approves() -> None:
    assert "利用者ご本人に承認をお願いする" in text_of(composed(letter(LetterKind.APPLICATION_LINK)))


def test_the_other_tenant_writes_under_its_own_name() -> None:
    message = composed(letter(LetterKind.APPLICATION_LINK, tenant="contracthub"))
    assert message["Subject"] == "【Contracthub】電子証明書申請登録のご案内"
    assert "JCAN証明書 LRA登録事業者" in text_of(message)
    assert "jcanlra-contracthub@lra.example.jp" in text_of(message)


@pytest.mark.parametrize(
    ("period", "japanese", "english"),
    [
        (timedelta(days=3), "3日間", "3 days"),
        (timedelta(seconds=20), "20秒間", "20 seconds"),
        (timedelta(hours=36), "1日12時間", "1 day and 12 hours"),
    ],
)
def test_the_validity_is_the_real_one(period: timedelta, japanese: str, english: str) -> None:
    said = text_of(composed(letter(LetterKind.APPLICATION_LINK), period))
    assert f"有効期限は{japanese}です" in said
    said = text_of(composed(letter(LetterKind.APPLICATION_LINK, Language.EN), period))
    assert f"valid for {english}." in said


def test_the_approval_request_is_in_both_languages_and_says_who_applied() -> None:
    message = composed(letter(LetterKind.APPROVAL_REQUEST, to="taro.takahashi@example.jp"))
    assert message["Content-Language"] == "ja, en"
    text = text_of(message)
    assert "佐藤 花子 様（株式会社サンプル）が代理人として" in text
    assert "佐藤 花子 (株式会社サンプル) has applied" in text
    assert "このメールが届いてから14日間です" in text
    assert "within 14 days" in text
    assert "申請内容を確認する / Check the application" in text
    assert TICKET not in text


def test_a_reminder_says_the_deadline_in_japan_s_time_with_its_weekday() -> None:
    text = text_of(composed(letter(LetterKind.APPROVAL_REMINDER)))
    assert "回答の期限は11月27日(金) 10:24 日本時間です" in text
    assert "by Fri 27 November, 10:24 Japan time" in text


def test_a_return_asks_the_applicant_for_a_correction_and_tells_the_reason() -> None:
    text = text_of(composed(letter(LetterKind.APPLICATION_RETURNED)))
    assert "髙橋 太郎 様が、発行申請の内容を差し戻しました" in text
    assert "会社名の英語表記が違います。" in text
    assert "有効期限は3日間です" in text
    reviewed = text_of(composed(letter(LetterKind.APPLICATION_RETURNED, decided_by="lra")))
    assert "当社での審査の結果" in reviewed


def test_the_principal_who_sent_it_back_gets_no_link_to_the_form() -> None:
    message = composed(
        letter(LetterKind.APPLICATION_RETURNED, generation=None, recipient=Applicant.PRINCIPAL)
    )
    assert "次は代理人の方が内容を修正し" in text_of(message)
    assert "http" not in text_of(message)
    assert [href for href in Page(html_of(message)).hrefs if href.startswith("http")] == []


def test_the_last_mail_has_what_people_copy() -> None:
    text = text_of(composed(letter(LetterKind.ISSUED)))
    assert "シリアル番号：5f8631cb488e14f7" in text
    assert "有効期限：2028年11月24日" in text
    assert "受付番号：7K3M-9QXA-2F4T-W" in text


def test_what_the_certificate_will_say_is_not_mailed_before_it_is_issued() -> None:
    facts = {"common_name": "Taro Takahashi", "corporate_number": "9999999999999", "validity_years": "2"}
    assert "9999999999999" not in text_of(composed(letter(LetterKind.APPROVAL_REQUEST, subject_facts=facts)))
    issued = text_of(composed(letter(LetterKind.ISSUED, subject_facts=facts)))
    assert "9999999999999" in issued
    assert "有効期間：2年" in issued


@pytest.mark.parametrize(
    "kind",
    [
        LetterKind.APPROVAL_REFUSED,
        LetterKind.EXPIRED,
        LetterKind.WITHDRAWN,
        LetterKind.REJECTED,
        LetterKind.GIVEN_UP,
    ],
)
def test_at_an_end_the_applicant_can_start_anew_and_the_agent_s_principal_need_not(kind: LetterKind) -> None:
    applicant = text_of(composed(letter(kind)))
    assert FRONT in applicant.splitlines()
    assert "チケット番号はそのままお使いいただけます" in applicant
    principal = text_of(composed(letter(kind, recipient=Applicant.PRINCIPAL)))
    assert FRONT not in principal
    assert "今お手続きいただくことはありません" in principal


@pytest.mark.parametrize("language", Language)
def test_who_has_no_ticket_left_is_told_so_and_not_sent_to_the_registration(language: Language) -> None:
    said = text_of(composed(letter(LetterKind.GIVEN_UP, language, ticket_used=True)))
    assert FRONT not in said.splitlines()
    assert {Language.JA: "使用済みとなりました", Language.EN: "has been used up"}[language] in said


def test_an_agent_sees_in_the_subject_whom_it_is_about() -> None:
    subject = composed(letter(LetterKind.APPROVAL_GIVEN))["Subject"]
    assert subject == "【Leo-sign】申請内容が承認されました（髙橋\u3000太郎\u3000様）"
    latin = composed(letter(LetterKind.APPROVAL_GIVEN, Language.EN, principal_name="Taro Takahashi"))[
        "Subject"
    ]
    assert latin == "[Leo-sign] The application was approved (Taro Takahashi)"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028", "\x0b"])
def test_a_line_break_in_a_name_adds_no_header_and_no_line(newline: str) -> None:
    name = f"太郎{newline}Bcc: eve@example.jp{newline}{newline}<b>x</b>"
    message = composed(
        letter(LetterKind.APPROVAL_GIVEN, principal_name=name, agent_name=name, agent_company=name)
    )
    assert message["Bcc"] is None
    assert "Bcc: eve@example.jp" in message["Subject"]
    assert not any(line.startswith("Bcc") for line in text_of(message).splitlines())
    assert "<b>" not in html_of(message)


def test_markup_in_a_reason_is_shown_as_typed() -> None:
    html = html_of(composed(letter(LetterKind.REJECTED, reason="<script>alert(1)</script>")))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("name", ["髙 﨑", "𠮷", "\ufa19"])
def test_names_arrive_as_typed(name: str) -> None:
    assert name in text_of(composed(letter(LetterKind.APPROVAL_GIVEN, principal_name=name)))


def test_an_address_whose_local_part_is_no_dot_string_is_quoted() -> None:
    written = letter(LetterKind.EXPIRED, to="a..b@docomo.ne.jp")
    message = compose(written, TENANTS["leopalace"], Links(FRONT), period=timedelta(3), sent_at=SENT_AT)
    assert b'\r\nTo: "a..b"@docomo.ne.jp\r\n' in bytes(message)


def test_the_same_letter_has_the_same_message_id_and_another_has_another() -> None:
    one = letter(LetterKind.ISSUED)
    others = [
        letter(LetterKind.ISSUED, number=2),
        letter(LetterKind.ISSUED, recipient=Applicant.PRINCIPAL),
        letter(LetterKind.ISSUED, reference="7K3M9QXA2F4TX"),
        letter(LetterKind.EXPIRED),
    ]
    again = letter(LetterKind.ISSUED, Language.EN, until=datetime(2027, 1, 1, tzinfo=UTC))
    identity = composed(one)["Message-ID"]
    assert identity == composed(again)["Message-ID"]
    assert identity not in [composed(other)["Message-ID"] for other in others]
    assert re.fullmatch(r"<[\w.-]+@lra\.example\.jp>", identity)


def test_a_letter_that_is_about_its_link_cannot_be_written_without() -> None:
    with pytest.raises(ValidationError, match="needs the link's generation"):
        letter(LetterKind.APPLICATION_LINK, generation=None)


def test_a_wrong_letter_is_refused_without_repeating_what_is_in_it() -> None:
    with pytest.raises(ValidationError) as caught:
        letter(LetterKind.EXPIRED, to="secret", until=UNTIL)
    assert "secret" not in str(caught.value)
