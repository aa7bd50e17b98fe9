"""Reading the Maildir: the mails in it, newest first, in the parts that the page shows."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from functools import lru_cache
from pathlib import Path

_REMEMBERED = 5_000  # a received mail never changes, and whoever waits for one asks again and again
_LINK = re.compile(r"https?://[^\s<>\"'、。）」】]+")


@dataclass(frozen=True)
class Letter:
    """One received mail."""

    key: str
    received: datetime
    sender: str
    to: str
    subject: str
    message_id: str
    text: str
    html: str | None
    source: bytes

    @property
    def links(self) -> list[str]:
        """The addresses in the text part, each once, in the order they come in."""
        return list(dict.fromkeys(_LINK.findall(self.text)))


def newest_first(directory: Path, limit: int) -> list[Letter]:
    """Read the newest mails, at most `limit`."""
    return [_read(path) for path in _files(directory)[:limit]]


def find(directory: Path, key: str) -> Letter | None:
    """Read the mail of that key, or None when there is none."""
    path = next((path for path in _files(directory) if path.name == key), None)
    return None if path is None else _read(path)


def newest_key(directory: Path) -> str:
    """Return the key of the newest mail, or nothing when there is no mail."""
    return next((path.name for path in _files(directory)), "")


def split_at_links(text: str) -> Iterator[tuple[str, bool]]:
    """Give a text in pieces, each with whether it is a web address."""
    position = 0
    for match in _LINK.finditer(text):
        yield text[position : match.start()], False
        yield match.group(), True
        position = match.end()
    yield text[position:], False


def _files(directory: Path) -> list[Path]:
    found = [path for folder in ("new", "cur") for path in (directory / folder).glob("*") if path.is_file()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


@lru_cache(maxsize=_REMEMBERED)
def _read(path: Path) -> Letter:
    source = path.read_bytes()
    message = email.message_from_bytes(source, policy=default)
    raw = email.message_from_bytes(source, policy=compat32)
    return Letter(
        key=path.name,
        received=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        sender=_header(raw["From"]),
        to=_header(raw["To"] or raw["Delivered-To"]),
        subject=_header(raw["Subject"]),
        message_id=_header(raw["Message-ID"]),
        text=_part(message, "plain") or "",
        html=_part(message, "html"),
        source=source,
    )


def _header(raw: str | Header | None) -> str:
    """Decode a header (RFC 2047); the new policy's decoding leaves blanks inside a folded display name."""
    return str(make_header(decode_header(raw or ""))).replace("\r", "").replace("\n", "")


def _part(message: EmailMessage, kind: str) -> str | None:
    body = message.get_body(preferencelist=(kind,))
    if body is None:
        return None
    charset = body.get_content_charset("utf-8")
    payload = body.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(charset, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
