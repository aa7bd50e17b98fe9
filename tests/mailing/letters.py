"""A letter of every kind, as the enrolment would write it."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from domain.link_token import Purpose
from domain.stage import Applicant, Language
from mailing.compose import Links, compose
from mailing.letter import Letter, LetterKind
from tenants import load_tenants

TENANTS = load_tenants()
TICKET = "14f75199c-82f4-419b-8041-5f8631cb488ep"
UNTIL = datetime(2026, 11, 27, 1, 24, tzinfo=UTC)
SENT_AT = datetime(2026, 11, 24, 1, 24, tzinfo=UTC)
FRONT = "http://127.0.0.1:8000/leopalace/"
URL = f"{FRONT}realregist/step1?onetimetoken={'0f' * 32}"

_TO_PRINCIPAL = frozenset({LetterKind.APPROVAL_REQUEST, LetterKind.APPROVAL_REMINDER})
_NAMES_NOBODY = frozenset({LetterKind.APPLICATION_LINK, LetterKind.TICKET_TAKEN})
_LINKLESS = frozenset(
    {
        LetterKind.EXPIRED,
        LetterKind.WITHDRAWN,
        LetterKind.REJECTED,
        LetterKind.GIVEN_UP,
        LetterKind.TICKET_TAKEN,
        LetterKind.APPROVAL_REFUSED,
    }
)
_REASONED = frozenset({LetterKind.REJECTED, LetterKind.APPROVAL_REFUSED, LetterKind.APPLICATION_RETURNED})
_DUE = frozenset({LetterKind.APPROVAL_REMINDER, LetterKind.EXPIRED, LetterKind.APPLICATION_RECEIVED})


def letter(kind: LetterKind, language: Language = Language.JA, **other: object) -> Letter:
    """A letter of an agent's enrolment; `other` replaces fields."""
    fields: dict[str, object] = {
        "reference": "7K3M9QXA2F4TW",
        "tenant": "leopalace",
        "language": language,
        "kind": kind,
        "number": 1,
        "to": "hanako.sato@example.jp",
        "applicant": Applicant.AGENT,
        "recipient": Applicant.PRINCIPAL if kind in _TO_PRINCIPAL else Applicant.AGENT,
        "ticket_number": TICKET,
        "generation": None if kind in _LINKLESS else 1,
    }
    if kind not in _NAMES_NOBODY:
        fields |= {
            "principal_name": "髙橋 太郎",
            "agent_name": "佐藤 花子",
            "agent_company": "株式会社サンプル",
        }
    if kind in _REASONED:
        fields |= {"reason": "会社名の英語表記が違います。", "decided_by": "principal"}
    if kind in _DUE:
        fields |= {"until": UNTIL}
    if kind is LetterKind.ISSUED:
        fields |= {"serial": "5f8631cb488e14f7", "not_after": datetime(2028, 11, 23, 15, tzinfo=UTC)}
    return Letter.model_validate(fields | other)


def composed(written: Letter, period: timedelta | None = None) -> EmailMessage:
    """The message as it arrives: composed, sent over the wire, parsed."""
    usual = timedelta(days=14 if written.kind.purpose is Purpose.APPROVAL else 3)
    links = Links(FRONT, personal=None if written.generation is None else URL)
    message = compose(
        written, TENANTS[written.tenant], links, period=usual if period is None else period, sent_at=SENT_AT
    )
    arrived = message_from_bytes(bytes(message), policy=policy.default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def text_of(message: EmailMessage) -> str:
    """The plain-text part."""
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    """The HTML part."""
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content
