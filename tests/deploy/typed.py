"""The lines of docs/operations.md that begin with `docker compose`, in their parts."""

import shlex
from argparse import REMAINDER, ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from tests.system.runbook.document import commands

DOCKER = "docker compose "


@dataclass(frozen=True)
class Typed:
    """What is done with a service; the files are those of this machine, if the line names some."""

    verb: str
    service: str
    command: list[str]
    variables: list[str]
    mounts: dict[str, str]
    reads: Path | None
    writes: Path | None


def typed(line: str, folder: Path) -> Typed:
    """Take a line to pieces, as it is typed in a folder. Options that nobody knows here are an error."""
    words = shlex.shlex(line, posix=True, punctuation_chars="<>")
    words.whitespace_split = True
    parts = [word.replace("$PWD", str(folder)) for word in words]
    files: dict[str, Path] = {}
    while parts[-2] in {"<", ">"}:
        files[parts[-2]] = folder / parts[-1]
        del parts[-2:]
    asked = _parser().parse_args(parts)
    mounts = (mount.split(":") for mount in asked.volumes)
    return Typed(
        asked.verb,
        asked.service,
        asked.command,
        asked.variables,
        {inside: outside for outside, inside, _mode in mounts},
        files.get("<"),
        files.get(">"),
    )


def on_containers(heading: str) -> list[str]:
    """The lines under a heading that are for containers."""
    return [line for line in commands(heading) if line.startswith(DOCKER)]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("docker", choices=["docker"])
    parser.add_argument("compose", choices=["compose"])
    parser.add_argument("verb", choices=["exec", "run", "up"])
    for flag in ("-T", "--rm", "--no-deps", "--detach", "--wait", "--build"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-v", dest="volumes", action="append", default=[])
    parser.add_argument("-e", dest="variables", action="append", default=[])
    parser.add_argument("service")
    parser.add_argument("command", nargs=REMAINDER)
    return parser
