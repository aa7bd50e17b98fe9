"""The facts of a letter: what a reader may want to look up or copy, each with its label."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.reference import Reference
from domain.stage import Language
from mailing.letter import Letter, LetterKind
from mailing.speech import TRANSLATIONS
from mailing.wording import one_line, say_day, say_years

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
    if letter.not_after:
        yield Fact(_("有効期限"), say_day(letter.not_after, language))
