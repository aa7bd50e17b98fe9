"""The lines of the stack's logs, each program's in its own manner, put together to entries with a level."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BEGINS = re.compile(r"\d{4}[-/]\d\d[-/]\d\d|\{|time=|[A-Z]+: ")
_LEVEL = re.compile(r"\b(DEBUG|INFO|LOG|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b", re.IGNORECASE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEAD = 120  # characters of a line that may tell its level
_QUIET = frozenset({"debug", "info", "log"})


@dataclass(frozen=True)
class LogEntry:
    """What one program said at one moment; `level` in lower case, empty if it has none."""

    log: str
    level: str
    text: str

    @property
    def is_loud(self) -> bool:
        """Whether it has to be explained: a warning or worse, or of no level at all."""
        return self.level not in _QUIET


def entries_in(log: str, text: str) -> Iterator[LogEntry]:
    """Give the entries of a log.

    What is indented belongs to the line above, and so does everything up to the next beginning below a loud
    line (a traceback); below a quiet one it stands for itself, so that nothing hides there.
    """
    level, lines = "", list[str]()
    for line in filter(str.strip, _COLOUR.sub("", text).splitlines()):
        begins = _BEGINS.match(line) is not None
        if lines and not begins and (line[0].isspace() or level not in _QUIET):
            lines.append(line)
            continue
        if lines:
            yield LogEntry(log, level, "\n".join(lines))
        level, lines = _level_of(log, line), [line]
    if lines:
        yield LogEntry(log, level, "\n".join(lines))


def _level_of(log: str, line: str) -> str:
    if log == "devstack":
        # The supervisor's own notes have no levels; a part that ends by itself is the one that counts.
        return "warning" if " ended with code " in line else "info"
    if line.startswith("{"):
        try:
            return str(json.loads(line).get("level", "")).lower()
        except ValueError:
            return ""
    found = _LEVEL.search(line[:_HEAD])
    return found[1].lower() if found else ""
