"""From a letter to a message: the same words as a page and as plain text, in one language or in both."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from domain.email import rfc5321_mailbox
from domain.stage import Applicant, Language
from domain.tenant import Tenant
from mailing.facts import Fact, facts_of, merged
from mailing.letter import Letter, LetterKind
from mailing.sender import header_registry
from mailing.speech import TRANSLATIONS, block, template
from mailing.wording import greet, honour, one_line, say_day, say_deadline, say_period

# Plain ASCII on the wire: no server on the way has a reason to recode it and break a signature over it.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=header_registry())

_STARTS_ANEW = frozenset(
    {
        LetterKind.APPROVAL_REFUSED,
        LetterKind.EXPIRED,
        LetterKind.WITHDRAWN,
        LetterKind.REJECTED,
        LetterKind.GIVEN_UP,
        LetterKind.TICKET_TAKEN,
    }
)

_SPACE_BETWEEN_ENCODED_WORDS = re.compile(r"(\S*[^\x00-\x7f]\S*) (?=\S*[^\x00-\x7f])")
_MANY_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Links:
    """Where a letter can lead: the tenant's first page, and the link made for its reader, if there is one."""

    front: str
    personal: str | None = None


@dataclass(frozen=True)
class _Section:
    """What a letter says in one language; `lead` stands above its button and `notes` below, text and HTML."""

    language: Language
    title: str
    lead: tuple[str, str]
    action: str
    notes: tuple[str, str]
    facts: list[Fact]
    signature: tuple[str, ...]
    department: str
    if_button_fails: str
    questions: str
    no_reply: str


def compose(
    letter: Letter, tenant: Tenant, links: Links, *, period: timedelta, sent_at: datetime
) -> EmailMessage:
    """The message, text and HTML, ASCII on the wire; the same letter always has the same Message-ID.

    `period` is how long the letter's link lives from the moment the mail server accepts it; `sent_at` (aware)
    becomes the Date header.
    """
    url = _url(letter, links)
    sections = [_section(letter, tenant, url, period, language) for language in _languages(letter)]
    message = _headed(letter, tenant, sections, sent_at)
    page = _page(letter, tenant, url, sections)
    message.set_content(_tidy(template("layout.txt", sections[0].language).render(page)))
    message.add_alternative(template("layout.html", sections[0].language).render(page), subtype="html")
    # Last: setting the contents moves every Content- header there is into the first part.
    message["Content-Language"] = ", ".join(section.language for section in sections)
    return message


def _url(letter: Letter, links: Links) -> str | None:
    if links.personal:
        return links.personal
    starts_anew = letter.kind in _STARTS_ANEW and letter.reader_applies and not letter.ticket_used
    return links.front if starts_anew else None


def _languages(letter: Letter) -> list[Language]:
    others = [language for language in Language if language is not letter.language]
    return [letter.language, *others] if letter.kind.bilingual else [letter.language]


def _headed(letter: Letter, tenant: Tenant, sections: list[_Section], sent_at: datetime) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=tenant.mail_from_name, addr_spec=tenant.mail_from)
    message["To"] = rfc5321_mailbox(letter.to)
    message["Subject"] = _unbroken(_subject(letter, tenant, sections))
    message["Date"] = sent_at
    message["Message-ID"] = message_id(letter, tenant)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return message


def message_id(letter: Letter, tenant: Tenant) -> str:
    """The Message-ID (RFC 5322, section 3.6.4), the same whenever the same letter is composed again."""
    return f"<{letter.key}@{tenant.mail_from.rpartition('@')[2]}>"


def _subject(letter: Letter, tenant: Tenant, sections: list[_Section]) -> str:
    language = sections[0].language
    titles = " / ".join(section.title for section in sections)
    label = f"【{tenant.mail_label}】" if language is Language.JA else f"[{tenant.mail_label}] "
    principal = one_line(letter.principal_name or "")
    if letter.reader is Applicant.PRINCIPAL or not principal:
        return f"{label}{titles}"
    # An agent applies for ten people in a row: the list of mails has to say for whom.
    return label + TRANSLATIONS[language].gettext("%(title)s（%(name)s 様）") % {
        "title": titles,
        "name": principal,
    }


def _unbroken(subject: str) -> str:
    # A space between two encoded words is no part of the text (RFC 2047, section 6.2), and the email package
    # encodes word by word: 髙橋 太郎 would arrive as 髙橋太郎.
    return _SPACE_BETWEEN_ENCODED_WORDS.sub("\\1\u3000", subject)


def _section(
    letter: Letter, tenant: Tenant, url: str | None, period: timedelta, language: Language
) -> _Section:
    context = _context(letter, tenant, url, period, language)
    _ = TRANSLATIONS[language].gettext
    text = template(f"{letter.kind}/text.txt", language)
    html = template(f"{letter.kind}/html.html", language)
    return _Section(
        language=language,
        title=one_line(template(f"{letter.kind}/subject.txt", language).render(context)),
        lead=(block(text, "lead", context), block(html, "lead", context)),
        action=block(text, "action", context),
        notes=(block(text, "notes", context), block(html, "notes", context)),
        facts=facts_of(letter, language),
        signature=tenant.signature.of(language),
        department=tenant.contact.department.of(language),
        if_button_fails=_("ボタンが開かないときは、次のURLをブラウザーで開いてください。"),
        questions=_("お問い合わせ"),
        no_reply=_(
            "このメールは送信専用のアドレスからお送りしています。ご返信いただいてもお答えできません。"
        ),
    )


def _context(
    letter: Letter, tenant: Tenant, url: str | None, period: timedelta, language: Language
) -> dict[str, object]:
    _ = TRANSLATIONS[language].gettext
    agent = one_line(letter.agent_name or "")
    company = one_line(letter.agent_company or "")
    principal = one_line(letter.principal_name or "")
    return {
        "service": tenant.service_name.of(language),
        "operator": tenant.operator_name.of(language),
        "linked": letter.generation is not None,
        "url": url,
        "by_agent": letter.applicant is Applicant.AGENT,
        "applies": letter.reader_applies,
        "to_agent": letter.reader is Applicant.AGENT,
        "decided_by": letter.decided_by,
        "ticket_used": letter.ticket_used,
        "greeting": greet(principal, language) if principal else "",
        "principal": honour(principal, language) if principal else _("利用者ご本人"),
        "agent": honour(agent, language) if agent else _("代理人の方"),
        "company": company,
        "period": say_period(period, language),
        "not_after": say_day(letter.not_after, language) if letter.not_after else "",
        "until": say_deadline(letter.until, language) if letter.until else "",
    }


def _page(letter: Letter, tenant: Tenant, url: str | None, sections: list[_Section]) -> dict[str, object]:
    first, *others = sections
    return {
        "language": first.language,
        "service": " / ".join(tenant.service_name.of(section.language) for section in sections),
        "sections": sections,
        "facts": merged(first.facts, others[0].facts) if others else first.facts,
        "reason": (letter.reason or "").strip(),
        "action": " / ".join(section.action for section in sections),
        "url": url,
        "contact": tenant.contact,
    }


def _tidy(text: str) -> str:
    return _MANY_BLANK_LINES.sub("\n\n", text).strip() + "\n"
