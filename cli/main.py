"""`jcan`: the registration authority from the command line. Exit codes: 0 done, 1 refused, 2 wrong usage."""

import gc
import os
import sys
from importlib import import_module

import typer

from engine.unavailable import EngineUnavailable
from settings import SettingsError

GROUPS = (
    "tickets",
    "enrolments",
    "certificates",
    "operators",
    "api-keys",
    "audit",
    "keys",
    "namespace",
    "restored",
)
"""Commands that have commands of their own, each in the module of its name."""
COMMANDS = {
    "shred": ("erasure", "shred"),
    "demo": ("demo", "demo"),
}
"""The other commands: each one's module, and its function there."""


def application(*words: str) -> typer.Typer:
    """Give the command line that knows the command in `words`; all of them if it is none.

    Loading them all takes longer than what most of them do.
    """
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=__doc__,
        rich_markup_mode=None,
    )
    # With one command only, its name would not be asked for.
    app.callback()(_nothing)
    wanted = {*words[:1]} & {*GROUPS, *COMMANDS} or {*GROUPS, *COMMANDS}
    for name in GROUPS:
        if name in wanted:
            app.add_typer(import_module(f"cli.{name.replace('-', '_')}").app, name=name)
    for name, (module, function) in COMMANDS.items():
        if name in wanted:
            hidden = module == "demo"
            app.command(name=name, hidden=hidden)(getattr(import_module(f"cli.{module}"), function))
    return app


def main() -> None:
    """Run the command line. It skips the interpreter's shutdown, where Temporal's core can crash."""
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run() -> int:
    """Run the command of `sys.argv`; gives its exit code."""
    try:
        gc.disable()  # what is loaded stays: looking for garbage in it takes a tenth of the time
        command = application(*sys.argv[1:])
        gc.enable()
        command()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except EngineUnavailable:
        print("Temporal cannot be reached; nothing was changed.", file=sys.stderr)
        return 1
    return 0


def _nothing() -> None:
    return None
