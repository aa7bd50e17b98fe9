"""Sending letters.

A letter is the same letter however often this activity is run: its row is there before the mail server hears
of it, it has one Message-ID, and once the server has accepted it, it is not sent again. Dying between the
server's answer and our note of it sends it twice, with the same Message-ID, so that mail programs show it
once.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import aiosmtplib
from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.email import rfc5321_mailbox
from domain.link_token import LinkToken, sign
from domain.reference import Reference
from domain.tenant import Tenant
from mailing.compose import Links, compose, message_id
from mailing.letter import Letter, Posted
from records import mailings
from records.database import Database
from settings import Settings
from telemetry.metrics import MAILS

SMTP_TIMEOUT = timedelta(seconds=30)
"""For each single answer of the mail server."""


class Mail:
    """The activity that sends a letter."""

    def __init__(self, database: Database, settings: Settings, tenants: Mapping[str, Tenant]) -> None:
        """Take the database, the mail server and keys in the settings, and the tenants by name."""
        self._database = database
        self._settings = settings
        self._tenants = tenants

    @activity.defn(name="send_mail")
    async def send_mail(self, letter: Letter) -> Posted:
        """Send the letter unless it has been accepted before.

        A refusal for good (5xx to the recipient or the contents) is an answer; asked anew, it is tried anew.
        Raises ApplicationError, to be tried again without end, when the server cannot be reached, says
        "later", or does not accept us as a sender.
        """
        tenant = self._tenant(letter)
        accepted_at = await self._attempt(letter, tenant)
        if accepted_at is not None:
            return Posted(accepted_at=accepted_at)
        posted = await self._send(letter, tenant)
        async with self._database.begin() as session:
            await mailings.note_answer(
                session, letter.key, accepted_at=posted.accepted_at, refusal=posted.refusal
            )
        return posted

    async def _attempt(self, letter: Letter, tenant: Tenant) -> datetime | None:
        async with self._database.begin() as session:
            return await mailings.attempt(
                session,
                letter.key,
                reference=letter.reference,
                kind=letter.kind,
                number=letter.number,
                message_id=message_id(letter, tenant),
                at=datetime.now(UTC),
            )

    async def _send(self, letter: Letter, tenant: Tenant) -> Posted:
        message = compose(
            letter,
            tenant,
            self._links(letter),
            period=letter.period or self._settings.link_ttl,
            sent_at=datetime.now(UTC),
        )
        try:
            posted = await self._hand_over(message, sender=tenant.mail_from, to=rfc5321_mailbox(letter.to))
        except (aiosmtplib.SMTPException, OSError) as error:
            refusal = _refusal_for_good(error)
            if refusal is None:
                MAILS.labels(letter.kind.value, "delayed").inc()
                # Not even as a cause: what the server says may repeat the address.
                raise _not_now(error) from None
            posted = Posted(refusal=refusal)
        MAILS.labels(letter.kind.value, "refused" if posted.refusal else "accepted").inc()
        return posted

    async def _hand_over(self, message: EmailMessage, *, sender: str, to: str) -> Posted:
        password = self._settings.smtp_password
        server = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host,
            port=self._settings.smtp_port,
            username=self._settings.smtp_username,
            password=password.get_secret_value() if password else None,
            use_tls=self._settings.smtp_tls == "tls",
            start_tls=self._settings.smtp_tls == "starttls",
            timeout=SMTP_TIMEOUT.total_seconds(),
        )
        async with server:
            await server.sendmail(sender, [to], bytes(message))
            return Posted(accepted_at=datetime.now(UTC))

    def _tenant(self, letter: Letter) -> Tenant:
        tenant = self._tenants.get(letter.tenant)
        if tenant is None:
            raise ApplicationError(f"there is no tenant {letter.tenant}", type="TenantUnknown")
        return tenant

    def _links(self, letter: Letter) -> Links:
        front = f"{self._settings.web_origin}/{letter.tenant}/"
        if letter.generation is None:
            return Links(front)
        purpose = letter.kind.purpose
        token = LinkToken(purpose, letter.generation, Reference.parse(letter.reference))
        signed = sign(token, self._settings.link_keyring)
        return Links(front, personal=f"{front}{purpose.path}?onetimetoken={signed}")


def _refusal_for_good(error: Exception) -> str | None:
    """The code with which the server refused this recipient or these contents for good, or None.

    5xx to anything else (connection, sign-in, sender) is about us, and an operator's to mend.
    """
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            codes = [refused.code for refused in error.recipients]
        case aiosmtplib.SMTPRecipientRefused() | aiosmtplib.SMTPDataError():
            codes = [error.code]
        case _:
            codes = []
    return next((str(code) for code in codes if 500 <= code <= 599), None)  # noqa: PLR2004 - SMTP's own ranges


def _not_now(error: Exception) -> ApplicationError:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            said = ", ".join(str(refused.code) for refused in error.recipients)
        case aiosmtplib.SMTPResponseException():
            said = str(error.code)
        case _:
            said = "nothing usable"
    return ApplicationError(f"the mail server said {said} ({type(error).__name__})", type="MailDelayed")
