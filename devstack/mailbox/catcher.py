"""The SMTP end (RFC 5321): every mail goes into the Maildir, except to addresses made for trying refusals."""

import logging
import mailbox
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

REFUSED_FOR_GOOD = "refused.example"
REFUSED_FOR_NOW = "later.example"

_log = logging.getLogger(__name__)


class Catcher:
    """Answers aiosmtpd's questions; the names of its methods are aiosmtpd's."""

    def __init__(self, directory: Path) -> None:
        """Keep mail in `directory`, a Maildir, made if need be."""
        for folder in ("tmp", "new", "cur"):
            (directory / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._maildir = mailbox.Maildir(directory)

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        """Accept a recipient; the two domains above are refused, the one for good and the other for now."""
        domain = address.rpartition("@")[2].lower()
        if domain == REFUSED_FOR_GOOD:
            return "550 5.1.1 No such mailbox"
        if domain == REFUSED_FOR_NOW:
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Keep a mail. What cannot be written is refused for now: the sender is to try again."""
        trace = "".join(f"Delivered-To: {address}\n" for address in envelope.rcpt_tos)
        content = envelope.original_content or b""
        try:
            self._maildir.add(trace.encode() + content.replace(b"\r\n", b"\n"))
        except OSError:
            _log.exception("A mail could not be kept")
            return "452 4.3.1 No room for this mail"
        return "250 2.0.0 OK"


def smtp_session(catcher: Catcher) -> SMTP:
    """Return the protocol of one connection."""
    # Without a name of its own it would look itself up in the DNS, at every connection.
    return SMTP(catcher, hostname="localhost", ident="mail catcher", enable_SMTPUTF8=True)
