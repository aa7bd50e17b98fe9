"""Letters meet a real mail server and a real database: refused, delayed, killed, repeated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import REGISTRY
from sqlalchemy import select
from temporalio.exceptions import ApplicationError

import activities.mail
from activities.mail import Mail
from domain.link_token import Purpose, verify
from domain.reference import Reference
from domain.stage import Applicant, Language
from mailing.letter import Letter, LetterKind, Posted
from records import mailings
from records.database import Database
from records.tables import Mailing
from settings import Settings
from tenants import load_tenants

REFERENCE = "7K3M9QXA2F4TW"
ACCEPTED = "250 OK"


@dataclass
class Server:
    """A mail server that answers as it is told, and keeps what it accepted."""

    to_sender: str = ACCEPTED
    to_recipient: str = ACCEPTED
    to_data: str = ACCEPTED
    accepted: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.to_recipient == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return f"{self.to_recipient} {address}" if self.to_recipient != ACCEPTED else ACCEPTED

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data == ACCEPTED:
            assert isinstance(envelope.content, bytes)
            self.accepted.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        return self.to_data


@pytest.fixture
def server() -> Server:
    """What the mail server answers, and what it got."""
    return Server()


@pytest.fixture
async def port(server: Server) -> AsyncIterator[int]:
    """A running mail server's port."""
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, hostname="mail.example.jp"), "127.0.0.1", 0
    )
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.fixture
def mail(database: Database, settings: Settings, port: int) -> Mail:
    """The activity, connected to the server."""
    return Mail(database, settings.model_copy(update={"smtp_port": port}), load_tenants())


def letter(**other: object) -> Letter:
    """An application link's letter; `other` replaces fields."""
    return Letter.model_validate(
        {
            "reference": REFERENCE,
            "tenant": "leopalace",
            "language": Language.JA,
            "kind": LetterKind.APPLICATION_LINK,
            "number": 1,
            "to": "taro.yamada@example.jp",
            "applicant": Applicant.PRINCIPAL,
            "recipient": Applicant.PRINCIPAL,
            "ticket_number": "14f75199c-82f4-419b-8041-5f8631cb488ep",
            "generation": 1,
        }
        | other
    )


async def rows(database: Database) -> list[Mailing]:
    """Every mailing on record."""
    async with database.begin() as session:
        return list(await session.scalars(select(Mailing)))


@pytest.mark.parametrize(
    ("said", "answer"), [(ACCEPTED, "accepted"), ("550 no", "refused"), ("450 later", "delayed")]
)
async def test_what_the_server_says_is_counted(mail: Mail, server: Server, said: str, answer: str) -> None:
    labels = {"kind": "application_link", "answer": answer}
    before = REGISTRY.get_sample_value("jcan_mails_total", labels) or 0.0
    server.to_recipient = said
    with suppress(ApplicationError):
        await mail.send_mail(letter())
    if said == ACCEPTED:
        # It is not mailed again, and so not counted again.
        await mail.send_mail(letter())
    assert REGISTRY.get_sample_value("jcan_mails_total", labels) == before + 1


async def test_a_letter_arrives_and_the_moment_of_its_acceptance_is_kept(
    mail: Mail, server: Server, database: Database
) -> None:
    before = datetime.now(UTC)
    posted = await mail.send_mail(letter())
    assert posted.refusal is None
    assert posted.accepted_at is not None
    assert before <= posted.accepted_at <= datetime.now(UTC)
    [row] = await rows(database)
    assert row.accepted_at == posted.accepted_at
    assert row.attempted_at <= posted.accepted_at
    assert server.recipients == ["taro.yamada@example.jp"]


@pytest.mark.parametrize(
    ("kind", "path", "purpose"),
    [
        (LetterKind.APPLICATION_LINK, "realregist/step1", Purpose.APPLICATION),
        (LetterKind.APPROVAL_REQUEST, "approval", Purpose.APPROVAL),
        (LetterKind.STATUS_LINK, "status", Purpose.STATUS),
    ],
)
async def test_the_link_in_it_proves_itself(
    mail: Mail, server: Server, settings: Settings, kind: LetterKind, path: str, purpose: Purpose
) -> None:
    await mail.send_mail(letter(kind=kind, generation=3))
    start = f"{settings.web_origin}/leopalace/{path}?onetimetoken="
    [url] = [line for line in text_of(server.accepted[0]).splitlines() if line.startswith(start)]
    token = verify(url.removeprefix(start), settings.link_keyring, purpose)
    assert token.generation == 3
    assert token.reference == Reference.parse(REFERENCE)


async def test_a_letter_asked_for_twice_is_sent_once(mail: Mail, server: Server, database: Database) -> None:
    first = await mail.send_mail(letter())
    second = await mail.send_mail(letter())
    assert second == first
    assert len(server.accepted) == 1
    assert len(await rows(database)) == 1


async def test_the_next_generation_and_another_recipient_are_letters_of_their_own(
    mail: Mail, server: Server
) -> None:
    await mail.send_mail(letter())
    await mail.send_mail(letter(number=2, generation=2))
    await mail.send_mail(letter(kind=LetterKind.ISSUED, generation=None))
    await mail.send_mail(letter(kind=LetterKind.ISSUED, generation=None, recipient=Applicant.AGENT))
    assert len({message_id_of(content) for content in server.accepted}) == 4


async def test_killed_before_the_server_heard_of_it_the_letter_is_sent(
    mail: Mail, server: Server, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(activities.mail, "compose", die)
        with pytest.raises(Killed):
            await mail.send_mail(letter())
    [row] = await rows(database)
    assert row.accepted_at is None
    posted = await mail.send_mail(letter())
    assert posted.accepted_at is not None
    assert len(server.accepted) == 1


async def test_killed_between_the_server_s_answer_and_the_record_it_is_repeated_with_the_same_message_id(
    mail: Mail, server: Server, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(mailings, "note_answer", die)
        with pytest.raises(Killed):
            await mail.send_mail(letter())
    assert len(server.accepted) == 1
    posted = await mail.send_mail(letter())
    assert posted.accepted_at is not None
    assert len(server.accepted) == 2
    first, second = (message_id_of(content) for content in server.accepted)
    assert first == second
    [row] = await rows(database)
    assert row.message_id == first
    assert (await mail.send_mail(letter())) == posted
    assert len(server.accepted) == 2


@pytest.mark.parametrize(
    "answers", [{"to_recipient": "550 5.1.1 no such user"}, {"to_data": "554 5.6.0 spam"}]
)
async def test_a_refusal_for_good_is_an_answer(
    mail: Mail, server: Server, database: Database, answers: dict[str, str]
) -> None:
    for name, answer in answers.items():
        setattr(server, name, answer)
    [code] = [answer[:3] for answer in answers.values()]
    assert await mail.send_mail(letter()) == Posted(refusal=code)
    [row] = await rows(database)
    assert (row.accepted_at, row.refusal) == (None, code)


async def test_a_refused_letter_is_tried_anew_when_asked_for_anew(
    mail: Mail, server: Server, database: Database
) -> None:
    server.to_recipient = "550 5.1.1 no such user"
    await mail.send_mail(letter())
    server.to_recipient = ACCEPTED
    posted = await mail.send_mail(letter())
    assert posted.accepted_at is not None
    [row] = await rows(database)
    assert (row.accepted_at, row.refusal) == (posted.accepted_at, None)


@pytest.mark.parametrize(
    "answers",
    [
        {"to_recipient": "451 4.7.1 greylisted"},
        {"to_data": "452 4.3.1 out of space"},
        {"to_sender": "550 5.7.1 not from you"},
    ],
)
async def test_what_may_pass_is_tried_again_and_tells_nobody_s_address(
    mail: Mail, server: Server, database: Database, answers: dict[str, str]
) -> None:
    for name, answer in answers.items():
        setattr(server, name, answer)
    with pytest.raises(ApplicationError) as caught:
        await mail.send_mail(letter())
    assert_to_be_retried(caught.value)
    [row] = await rows(database)
    assert (row.accepted_at, row.refusal) == (None, None)


async def test_no_server_at_all_is_tried_again(
    database: Database, settings: Settings, server: Server, unused_tcp_port: int
) -> None:
    away = Mail(database, settings.model_copy(update={"smtp_port": unused_tcp_port}), load_tenants())
    with pytest.raises(ApplicationError) as caught:
        await away.send_mail(letter())
    assert_to_be_retried(caught.value)
    assert server.accepted == []


async def test_an_unknown_tenant_waits_for_its_file(database: Database, settings: Settings) -> None:
    with pytest.raises(ApplicationError, match="no tenant leopalace"):
        await Mail(database, settings, {}).send_mail(letter())


async def test_an_address_that_is_no_dot_string_reaches_its_mailbox(mail: Mail, server: Server) -> None:
    await mail.send_mail(letter(to="a..b@docomo.ne.jp"))
    assert server.recipients == ["a..b@docomo.ne.jp"]
    assert b'To: "a..b"@docomo.ne.jp\r\n' in server.accepted[0]


class Killed(BaseException):
    """The worker dies here."""


def die(*_: object, **__: object) -> None:
    """Die."""
    raise Killed


def assert_to_be_retried(error: ApplicationError) -> None:
    """Temporal tries it again, and neither the error nor what it came from names the recipient."""
    assert not error.non_retryable
    assert "taro" not in f"{error} {error.details} {error.__cause__}"
    assert error.__suppress_context__


def message_id_of(content: bytes) -> str:
    """The Message-ID of a message as it arrived."""
    return str(message_from_bytes(content, policy=policy.default)["Message-ID"])


def text_of(content: bytes) -> str:
    """The plain-text part of a message as it arrived."""
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text
