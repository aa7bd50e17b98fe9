"""`jcan`: the registration authority from the command line. Exit codes: 0 done, 1 refused, 2 wrong usage."""

import os
import sys

import typer

from cli import (
    api_keys,
    audit,
    certificates,
    demo,
    enrolments,
    erasure,
    keys,
    namespace,
    operators,
    restored,
    tickets,
)
from engine.enrolments import EngineUnavailable
from settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
    rich_markup_mode=None,
)
app.add_typer(tickets.app, name="tickets")
app.add_typer(enrolments.app, name="enrolments")
app.add_typer(certificates.app, name="certificates")
app.add_typer(operators.app, name="operators")
app.add_typer(api_keys.app, name="api-keys")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(namespace.app, name="namespace")
app.add_typer(restored.app, name="restored")
app.command(name="shred")(erasure.shred)
app.command(name="demo", hidden=True)(demo.everything)
app.command(name="demo-api-keys", hidden=True)(demo.keys)
app.command(name="demo-operator", hidden=True)(demo.operator)
app.command(name="demo-tickets", hidden=True)(demo.tickets)


def main() -> None:
    """Run the command line. It skips the interpreter's shutdown, where Temporal's core can crash."""
    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    try:
        app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except EngineUnavailable:
        print("Temporal cannot be reached; nothing was changed.", file=sys.stderr)
        return 1
    return 0
