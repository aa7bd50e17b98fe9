"""Mail addresses.

Wider than RFC 5321's dot-string on purpose: addresses like `a..b@docomo.ne.jp` and `a.@docomo.ne.jp` were
given out in Japan and receive mail. On the wire and in certificates their local part is a quoted-string.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from domain.folding import fold_email
from domain.problem import RuleBroken

ADDRESS_MAXIMUM = 254
"""RFC 5321, section 4.5.3.1.3: a path has 256 octets, two of them its angle brackets."""

_LOCAL_MAXIMUM = 64
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LOCAL = re.compile(rf"(?=.*{_ATEXT})(?:{_ATEXT}|\.)+")
_DOT_STRING = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


def parse_email(text: str) -> str:
    """The address, folded, in ASCII.

    Raises RuleBroken: `required`, `too_long` (`max`), `email_format`.
    """
    address = fold_email(text)
    if not address:
        raise RuleBroken("required")
    if len(address) > ADDRESS_MAXIMUM:
        raise RuleBroken("too_long", max=ADDRESS_MAXIMUM)
    local, _, domain = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _LOCAL_MAXIMUM or not _DOMAIN.fullmatch(domain):
        raise RuleBroken("email_format")
    return address


def rfc5321_mailbox(address: str) -> str:
    """The parsed address as an RFC 5321 Mailbox (section 4.1.2): quoted where it is no dot-string."""
    local, _, domain = address.rpartition("@")
    return address if _DOT_STRING.fullmatch(local) else f'"{local}"@{domain}'


EmailAddress = Annotated[str, AfterValidator(parse_email)]
