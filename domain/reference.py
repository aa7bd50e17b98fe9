"""The reference (受付番号): what an enrolment is called by people."""

from dataclasses import dataclass
from typing import Self

from domain.folding import fold_digits
from domain.problem import RuleBroken

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_ALIASES = str.maketrans("OIL", "011")
_BYTES = 8
_SYMBOLS = 13
_GROUP = 4


@dataclass(frozen=True)
class Reference:
    """Eight bytes, written as thirteen symbols of Crockford's base32."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != _BYTES:
            raise ValueError(f"a reference has {_BYTES} bytes")

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The reference of eight bytes. Raises ValueError for any other length."""
        return cls(bytes(raw))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference as a person wrote it: any case, with or without groups, O for 0, I and L for 1.

        Raises RuleBroken: `required`, `reference_format`.
        """
        symbols = fold_digits(text).upper().translate(_ALIASES)
        if not symbols:
            raise RuleBroken("required")
        if len(symbols) != _SYMBOLS or not _VALUES.keys() >= set(symbols):
            raise RuleBroken("reference_format")
        number = 0
        for symbol in symbols:
            number = number * len(_ALPHABET) + _VALUES[symbol]
        # Thirteen symbols hold 65 bits, a reference has 64.
        if number >> (8 * _BYTES):
            raise RuleBroken("reference_format")
        return cls(number.to_bytes(_BYTES, "big"))

    @property
    def text(self) -> str:
        """Thirteen symbols in upper case, as messages and tables have it."""
        number = int.from_bytes(self.raw, "big")
        return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(_SYMBOLS)))

    @property
    def grouped(self) -> str:
        """`XXXX-XXXX-XXXX-X`, as people see it."""
        text = self.text
        return "-".join(text[start : start + _GROUP] for start in range(0, _SYMBOLS, _GROUP))

    def __str__(self) -> str:
        return self.text
