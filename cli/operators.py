"""`jcan operators`: who may use the console, the Temporal UI and its codec."""

import sys
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, refuse, run
from domain.email import parse_email
from domain.problem import RuleBroken
from records import audit, limits, operators, passwords
from records.operators import TRIES, Operator, Role
from tenants import load_tenants

app = typer.Typer(no_args_is_help=True, help="Operators of the console.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="USERNAME", help="The operator's user name.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input instead of making one."),
]


@app.command()
def add(
    username: Name,
    email: Annotated[
        str, typer.Option(help="Nobody reviews an application in which this address takes part.")
    ],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.REVIEWER,
    tenant: Annotated[str | None, typer.Option(help="Limit them to one tenant's cases.")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Add an operator; prints a password that the first sign-in asks them to change, unless you bring one."""
    if not operators.is_username(username):
        raise refuse("A user name has 2 to 32 of a-z, 0-9, dot, hyphen and underscore.")
    if tenant is not None and tenant not in load_tenants():
        raise refuse(f"There is no tenant {tenant}.")
    if tenant is not None and role is Role.ADMINISTRATOR:
        raise refuse(
            "An administrator sees every tenant's cases in Temporal: only a reviewer can be limited."
        )
    operator = Operator(username, _address(email), role, tenant, must_change=not password_stdin)
    password = _password(password_stdin)

    async def enter(office: Office) -> bool:
        async with office.database.begin() as session:
            added = await operators.add(session, operator, password)
            if added:
                entry = audit.entry_now(
                    OPERATOR, "operator_added", username=username, role=role.value, limited_to=tenant
                )
                await audit.add(session, entry)
            return added

    if not run(enter):
        raise refuse("There is an operator of that name: reset lets them in again.")
    _tell(password, password_stdin)


@app.command()
def disable(username: Name) -> None:
    """Let an operator in no more; sessions and API key end at once."""

    async def shut_out(office: Office) -> None:
        await _find(office, username)
        async with office.database.begin() as session:
            await operators.disable(session, username)
            await audit.add(session, audit.entry_now(OPERATOR, "operator_disabled", username=username))

    run(shut_out)
    typer.echo("Disabled.")


@app.command()
def reset(username: Name, password_stdin: FromStdin = False) -> None:
    """Give an operator a new password, which they change at the next sign-in unless you bring it.

    It lifts a lock-out and lets a disabled operator in again.
    """
    password = _password(password_stdin)

    async def renew(office: Office) -> None:
        await _find(office, username)
        async with office.database.begin() as session:
            await operators.reset(session, username, password, must_change=not password_stdin)
            await limits.forget(session, TRIES, username, office.settings.digest_key)
            await audit.add(session, audit.entry_now(OPERATOR, "operator_reset", username=username))

    run(renew)
    _tell(password, password_stdin)


@app.command(name="api-key")
def api_key(username: Name) -> None:
    """Make an API key for an administrator, for the Temporal CLI's --codec-auth; prints it this once."""

    async def make(office: Office) -> str:
        operator = await _find(office, username)
        if operator.role is not Role.ADMINISTRATOR or operator.disabled_at is not None:
            raise refuse("Only an administrator who is not disabled can have an API key.")
        async with office.database.begin() as session:
            await audit.add(session, audit.entry_now(OPERATOR, "operator_key_made", username=username))
            return await operators.new_api_key(session, username)

    typer.echo(run(make))


@app.command(name="list")
def list_() -> None:
    """List operators."""

    async def read(office: Office) -> list[Operator]:
        async with office.database.begin() as session:
            return await operators.list_all(session)

    for operator in run(read):
        state = "disabled" if operator.disabled_at else ""
        line = (f"{operator.username:<20}", f"{operator.role:<13}", f"{operator.tenant or '-':<12}", state)
        typer.echo("  ".join(line).rstrip())


async def _find(office: Office, username: str) -> Operator:
    async with office.database.begin() as session:
        operator = await operators.find(session, username)
    if operator is None:
        raise refuse("There is no operator of that name.")
    return operator


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return passwords.new_password()
    password = sys.stdin.readline().rstrip("\r\n")
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise refuse(f"A password has {passwords.SHORTEST} to {passwords.LONGEST} characters.")
    return password


def _tell(password: str, theirs: bool) -> None:
    typer.echo("Done." if theirs else f"Password: {password}")


def _address(text: str) -> str:
    try:
        return parse_email(text)
    except RuleBroken:
        raise refuse("That is not an e-mail address.") from None
