"""`jcan api-keys`: the keys with which e-contract services call the API."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, refuse, run
from records import api_keys
from records.tables import ApiKey
from tenants import load_tenants

app = typer.Typer(no_args_is_help=True, help="API keys of the e-contract services.", rich_markup_mode=None)

NAME_MAXIMUM = 100


@app.command()
def create(
    tenant: Annotated[str, typer.Argument(help="Whose enrolments the key opens, e.g. leopalace.")],
    name: Annotated[str, typer.Option(help="What you will know it by; no secret.")] = "",
) -> None:
    """Make a key; it is printed now and never again."""
    if tenant not in load_tenants():
        raise refuse(f"There is no tenant {tenant}.")
    if len(name) > NAME_MAXIMUM or not name.isprintable():
        raise refuse(f"A name has at most {NAME_MAXIMUM} printable characters.")
    key = api_keys.new_key()

    async def keep(office: Office) -> ApiKey | None:
        async with office.database.begin() as session:
            secret = office.settings.digest_key
            return await api_keys.create(session, secret, tenant, name, key, OPERATOR)

    made = run(keep)
    if made is None:
        raise refuse("The key was not kept: try again.")
    typer.echo(f"Key {made.key_id} for {tenant}. It is shown only now:", err=True)
    typer.echo(key)


@app.command(name="list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False) -> None:
    """List every key that was made, without the keys themselves."""

    async def read(office: Office) -> Sequence[ApiKey]:
        async with office.database.begin() as session:
            return await api_keys.list_keys(session)

    rows = run(read)
    if as_json:
        typer.echo(json.dumps([_as_dict(row) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        used = f"last used {_at(row.last_used_at)}" if row.last_used_at else "never used"
        state = f"revoked {_at(row.revoked_at)}" if row.revoked_at else used
        line = (row.key_id, f"{row.tenant:<12}", f"made {_at(row.created_at)}", state, row.name)
        typer.echo("  ".join(line).rstrip())


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As the list shows it.")]) -> None:
    """Revoke a key; it opens nothing from now on."""

    async def strike(office: Office) -> bool | None:
        async with office.database.begin() as session:
            return await api_keys.revoke(session, key_id, OPERATOR)

    match run(strike):
        case None:
            raise refuse("There is no such key.")
        case False:
            typer.echo("It was revoked before.")
        case _:
            typer.echo("Revoked.")


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _as_dict(row: ApiKey) -> dict[str, str | None]:
    return {
        "key_id": row.key_id,
        "tenant": row.tenant,
        "name": row.name,
        "created_at": _at(row.created_at),
        "last_used_at": _at(row.last_used_at) if row.last_used_at else None,
        "revoked_at": _at(row.revoked_at) if row.revoked_at else None,
    }
