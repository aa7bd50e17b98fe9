"""What the codec server does: opens payloads for an operator to read, seals what an operator sends.

It decodes under whatever key a payload names, for it is not told the workflow; it encodes under the
operators' own key. What cannot be opened is replaced by a sentence that says why: the UI shows it where the
content would stand. The rest can be read.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload

from engine.codec import CONTEXT, ENCODING, OPERATORS, sealed
from records.vault import Erased, KeyMissing, MasterKeyMissing, Vault, open_under

ERASED = "消去済み / This person's data were erased."
UNKNOWN = "鍵がありません / There is no such key here."
ALTERED = "改変されています / It was altered."


@dataclass
class Decoded:
    """Decoded payloads, and what the audit trail is told: whose they are, how many could not be opened."""

    payloads: list[Payload] = field(default_factory=list)
    references: set[str] = field(default_factory=set)
    opened: int = 0
    erased: int = 0
    unreadable: int = 0


class RemoteCodec:
    """Encodes and decodes for the Temporal UI and CLI."""

    def __init__(self, vault: Vault) -> None:
        """Take the vault with everybody's keys."""
        self._vault = vault

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal payloads under the operators' key."""
        key = await self._vault.key_of(OPERATORS)
        return [sealed(key, payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> Decoded:
        """Open what is sealed; the rest passes."""
        decoded = Decoded()
        for payload in payloads:
            is_ours = payload.metadata.get("encoding") == ENCODING
            decoded.payloads.append(await self._open(payload, decoded) if is_ours else payload)
        return decoded

    async def _open(self, payload: Payload, decoded: Decoded) -> Payload:
        try:
            key = await self._vault.present_key(payload.metadata["encryption-key-id"].decode())
            opened = Payload.FromString(open_under(key, payload.data, CONTEXT))
        except Erased as erased:
            decoded.erased += 1
            decoded.references.add(erased.reference)
            return _saying(ERASED)
        except (KeyMissing, MasterKeyMissing, UnicodeDecodeError):
            decoded.unreadable += 1
            return _saying(UNKNOWN)
        except (InvalidTag, ValueError):  # ValueError: too short to have been sealed
            decoded.unreadable += 1
            return _saying(ALTERED)
        decoded.opened += 1
        decoded.references.add(key.reference)
        return opened


def _saying(sentence: str) -> Payload:
    text = json.dumps(sentence, ensure_ascii=False)
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())
