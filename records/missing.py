"""What a process lacks before it can work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """One thing: its name for scripts, and a sentence: what is there, what is expected, what to do."""

    name: str
    sentence: str
