"""What is evened out in typed text before it is checked.

People paste full-width digits, stray spaces and every kind of dash. Codes, numbers and addresses are
folded; names never are, because NFKC would change 﨑 and U+FA19 into other people's characters.
"""

import re
import unicodedata

import idna

_HYPHENS = re.compile(
    "[\u02d7\u058a\u2010-\u2015\u2043\u2212\u2500\u2501\u2796\u30fc\ufe58\ufe63\uff0d\uff70]"
)
_INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_OUTER_INVISIBLE = re.compile(f"^{_INVISIBLE.pattern}|{_INVISIBLE.pattern}$")
_SPACES = re.compile(r"\s+")

_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_WIDE_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LATIN = _WIDE_TO_ASCII | {0x3000: " ", 0x2018: "'", 0x2019: "'", 0x2010: "-", 0x2011: "-", 0x2212: "-"}
_PHONE_SEPARATORS = re.compile(r"[()./]+|-+")


def fold_code(text: str) -> str:
    """The text in NFKC and lower case, without white space, every dash a hyphen-minus."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    # NFKC makes a space out of some accents, so white space goes once more.
    return _INVISIBLE.sub("", _HYPHENS.sub("-", folded)).lower()


def fold_digits(text: str) -> str:
    """The text folded like a code, without its hyphens."""
    return fold_code(text).replace("-", "")


def fold_email(text: str) -> str:
    """The address in NFKC, trimmed, its domain in lower case and ASCII (IDNA, UTS 46).

    The local part keeps its case (RFC 5321, section 2.4). A domain that IDNA refuses stays as it is, for
    `parse_email` to refuse.
    """
    address = _OUTER_INVISIBLE.sub("", unicodedata.normalize("NFKC", _OUTER_INVISIBLE.sub("", text)))
    local, at, domain = address.rpartition("@")
    return f"{_HYPHENS.sub('-', local)}{at}{_fold_domain(domain)}"


def _fold_domain(domain: str) -> str:
    # In スーパー.jp the long vowel mark is a letter; among ASCII letters it is a mistyped hyphen.
    hyphenated = _HYPHENS.sub("-", domain).replace("。", ".")
    if hyphenated.isascii():
        return hyphenated.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def fold_kana(text: str) -> str:
    """The text with hiragana and half-width kana as full-width katakana, trimmed, single spaces."""
    katakana = unicodedata.normalize("NFKC", text).translate(_HIRAGANA_TO_KATAKANA)
    return _SPACES.sub(" ", katakana).strip()


def fold_phone(text: str) -> str:
    """The telephone number with ASCII digits; brackets, dots and dashes become single hyphens."""
    return _PHONE_SEPARATORS.sub("-", fold_code(text)).strip("-")


def fold_latin(text: str) -> str:
    """Latin text with full-width forms and typographic apostrophes as ASCII, single spaces, trimmed.

    Nothing else is touched: what is not Latin stays as typed, and is refused.
    """
    return _SPACES.sub(" ", text.translate(_LATIN)).strip()


def trim_name(text: str) -> str:
    """The name without white space around it (U+3000 included), and otherwise as typed."""
    return text.strip()
