"""The Dockerfile, and what it copies into the image."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.composition import ROOT

FILE = ROOT / "Dockerfile"
PROGRAMS = "/usr/local/bin"


@dataclass(frozen=True)
class Instruction:
    """One instruction of a stage: its word in capitals, and what follows."""

    word: str
    text: str


def stages() -> list[list[Instruction]]:
    """The Dockerfile's stages, each from its FROM on."""
    lines = re.sub(r"\\\n\s*", "", FILE.read_text(encoding="utf-8")).splitlines()
    split = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    instructions = [Instruction(word.upper(), text) for word, text in split]
    starts = [place for place, each in enumerate(instructions) if each.word == "FROM"]
    return [instructions[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def copied(stage: list[Instruction]) -> list[tuple[list[str], str]]:
    """What a stage copies from the build's folder: sources and target."""
    found = [each.text.split() for each in stage if each.word == "COPY" and "--from=" not in each.text]
    return [(words[:-1], words[-1]) for words in found]


def allowed() -> set[str]:
    """What .dockerignore lets into the build."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def build(target: Path) -> None:
    """Copy into a folder what the last stage copies into its working directory."""
    for sources, place in copied(stages()[-1]):
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target / place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, target / place)


def write_programs(target: Path) -> None:
    """Write into a folder the programs that the last stage writes to /usr/local/bin."""
    for each in stages()[-1]:
        if each.word == "RUN" and PROGRAMS in each.text:
            subprocess.run(["/bin/sh", "-euc", each.text.replace(PROGRAMS, str(target))], check=True)
