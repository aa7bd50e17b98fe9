"""docs/operations.md as the tests read it: its headings, and the command lines under each."""

import re
import textwrap
from pathlib import Path

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
SITUATIONS = "Situations"
PLACEHOLDERS = ("REFERENCE", "ACTIVITY", "ADDRESS", "SERIAL", "ORIGIN", "NAME", "HOST", "PID", "RUN_DIR")

_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
_COMMANDS = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def sections() -> dict[str, str]:
    """The text under each heading, up to the next one of any level."""
    text = OPERATIONS.read_text(encoding="utf-8")
    found = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in found[1:]] + [len(text)]
    return {heading[2]: text[heading.end() : end] for heading, end in zip(found, ends, strict=True)}


def situations() -> list[str]:
    """The headings under "Situations"."""
    text = OPERATIONS.read_text(encoding="utf-8")
    chapter = text.split(f"\n## {SITUATIONS}\n")[1].split("\n## ")[0]
    return [heading[2] for heading in _HEADING.finditer(chapter)]


def commands(heading: str) -> list[str]:
    """The command lines under a heading, as they are to be typed."""
    blocks = [textwrap.dedent(block) for block in _COMMANDS.findall(sections()[heading])]
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def filled_in(line: str, **words: str) -> str:
    """A command line with words for its placeholders."""
    for placeholder, word in words.items():
        line = line.replace(placeholder, word)
    left = [placeholder for placeholder in PLACEHOLDERS if re.search(rf"\b{placeholder}\b", line)]
    assert left == [], line
    return line
