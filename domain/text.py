"""Checks for free text: names, companies, kana, telephone numbers. Each raises RuleBroken."""

import re
import unicodedata

from domain.folding import fold_kana, fold_latin, fold_phone, trim_name
from domain.problem import RuleBroken

# Control, format, surrogate and private-use characters, line and paragraph separators: invisible, or shown
# differently on every machine. Unassigned ones stay allowed: Unicode grows faster than Python's tables.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

_KANA = re.compile(r"[ァ-ヺー・ヽヾ]+(?: [ァ-ヺー・ヽヾ]+)*")
_LATIN_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z '.-]+")
_PRINTABLE_ASCII = re.compile(r"[ -~]+")
_PHONE = re.compile(r"\+?[0-9]+(?:-[0-9]+)*")
_PHONE_DIGITS = range(10, 16)


def parse_name(text: str, maximum: int) -> str:
    """A name as typed, trimmed. Raises `required`, `too_long`, `characters`."""
    name = _within(trim_name(text), maximum)
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        raise RuleBroken("characters")
    return name


def parse_kana(text: str, maximum: int) -> str:
    """A reading in full-width katakana. Raises `required`, `too_long`, `kana_only`."""
    kana = _within(fold_kana(text), maximum)
    if not _KANA.fullmatch(kana):
        raise RuleBroken("kana_only")
    return kana


def parse_latin_name(text: str, maximum: int) -> str:
    """A personal name in ASCII letters, space, apostrophe, full stop, hyphen.

    Raises `required`, `too_long`, `latin_letters_only`.
    """
    name = _within(fold_latin(text), maximum)
    if not _LATIN_NAME.fullmatch(name):
        raise RuleBroken("latin_letters_only")
    return name


def parse_latin_text(text: str, maximum: int) -> str:
    """An organisation's name in printable ASCII. Raises `required`, `too_long`, `printable_ascii_only`."""
    name = _within(fold_latin(text), maximum)
    if not _PRINTABLE_ASCII.fullmatch(name):
        raise RuleBroken("printable_ascii_only")
    return name


def parse_phone(text: str, maximum: int) -> str:
    """A telephone number of 10 to 15 digits (ITU-T E.164), with hyphens as typed and perhaps a leading plus.

    Raises `required`, `too_long`, `phone_format`.
    """
    phone = _within(fold_phone(text), maximum)
    digits = sum(character.isdigit() for character in phone)
    if not _PHONE.fullmatch(phone) or digits not in _PHONE_DIGITS:
        raise RuleBroken("phone_format")
    return phone


def _within(text: str, maximum: int) -> str:
    if not text:
        raise RuleBroken("required")
    if len(text) > maximum:
        raise RuleBroken("too_long", max=maximum)
    return text
