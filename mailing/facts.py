"""The facts of a letter: what a reader may want to look up or copy, each with its label."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.reference import Reference
from domain.revocation import RevocationReason
from domain.stage import Language
from mailing.letter import Letter, LetterKind
from mailing.speech import N_, TRANSLATIONS
from mailing.wording import one_line, say_day, say_deadline, say_years

REASONS: dict[RevocationReason, str] = {
    RevocationReason.KEY_COMPROMISE: N_("秘密鍵や暗証番号が漏れた、またはそのおそれがある"),
    RevocationReason.AFFILIATION_CHANGED: N_("退職・異動などで、証明書の記載内容が変わった"),
    RevocationReason.SUPERSEDED: N_("新しい証明書に替えた"),
    RevocationReason.CESSATION_OF_OPERATION: N_("証明書を使わなくなった"),
    RevocationReason.UNSPECIFIED: N_("理由を指定しない"),
    RevocationReason.PRIVILEGE_WITHDRAWN: N_("登録局が証明書の利用を認めなくなった"),
}
"""Each reason in a subscriber's words."""

Translate = Callable[[str], str]


@dataclass(frozen=True)
class Fact:
    """A label and its value; `number`: copied rather than read, so set in a monospaced face."""

    label: str
    value: str
    number: bool = False


def facts_of(letter: Letter, language: Language) -> list[Fact]:
    """What the letter knows, in the order in which people look for it."""
    _ = TRANSLATIONS[language].gettext
    facts = (*_of_enrolment(letter, _), *_of_certificate(letter, _, language))
    return [Fact(fact.label, one_line(fact.value), fact.number) for fact in facts]


def merged(one: list[Fact], other: list[Fact]) -> list[Fact]:
    """The same facts in two languages as one list; what is the same in both is said once."""
    return [
        Fact(_both(a.label, b.label), _both(a.value, b.value), a.number)
        for a, b in zip(one, other, strict=True)
    ]


def _both(one: str, other: str) -> str:
    return one if one == other else f"{one} / {other}"


def _of_enrolment(letter: Letter, _: Translate) -> Iterator[Fact]:
    if letter.ticket_number and letter.reader_applies:
        yield Fact(_("チケット番号"), letter.ticket_number, number=True)
    yield Fact(_("受付番号"), Reference.parse(letter.reference).grouped, number=True)
    if letter.principal_name:
        yield Fact(_("利用者本人"), letter.principal_name)
    if letter.agent_name:
        yield Fact(_("代理人"), letter.agent_name)
    if letter.agent_company:
        yield Fact(_("代理人の会社名"), letter.agent_company)


def _of_certificate(letter: Letter, _: Translate, language: Language) -> Iterator[Fact]:
    # Mail travels in clear: until it is issued, what a certificate will say is shown behind the link only.
    subject = letter.subject_facts or {} if letter.kind is LetterKind.ISSUED else {}
    if "common_name" in subject:
        yield Fact(_("証明書に記載する氏名"), subject["common_name"])
    if "organization" in subject:
        yield Fact(_("会社名（英語表記）"), subject["organization"])
    if "corporate_number" in subject:
        yield Fact(_("法人番号"), subject["corporate_number"], number=True)
    if "email" in subject:
        yield Fact(_("メールアドレス"), subject["email"])
    if "validity_years" in subject:
        yield Fact(_("有効期間"), say_years(subject["validity_years"], language))
    if letter.serial:
        yield Fact(_("シリアル番号"), letter.serial, number=True)
    if letter.revocation_reason:
        yield Fact(_("失効の理由"), _(REASONS[letter.revocation_reason]))
    if letter.revoked_at:
        yield Fact(_("失効した日時"), say_deadline(letter.revoked_at, language))
    if letter.not_after:
        yield Fact(_("有効期限"), say_day(letter.not_after, language))
