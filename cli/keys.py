"""`jcan keys`: an installation's secrets, and the data keys that everything personal is sealed with."""

from pathlib import Path
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, refuse, run
from cli.secret_files import Refused, make_folder
from records import audit
from records.vault import MasterKeyMissing
from tenants import load_tenants

app = typer.Typer(no_args_is_help=True, help="Secrets and data keys.", rich_markup_mode=None)

DEMO_NAMES = ["lra.localhost", "mail.localhost", "econtract.localhost"]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Where they are kept, one file each.")],
    name: Annotated[
        list[str], typer.Option(help="A name in the certificate; may be given several times.")
    ] = DEMO_NAMES,
) -> None:
    """Make the secrets that an installation needs: a file each, for JCAN_SECRETS_DIR. None is ever replaced.

    tls_certificate is signed by its own key and does for trying out: put tls_key and the certificate (with
    its chain) that your CA gave you there instead.
    """
    try:
        made = make_folder(folder, sorted(load_tenants()), name)
    except (OSError, Refused) as problem:
        raise refuse(f"{problem}.") from None
    typer.echo("\n".join(f"{folder / each}: new" for each in made) or f"{folder}: everything is there.")


@app.command()
def rewrap() -> None:
    """Wrap every data key with the current master key: afterwards the older ones are not needed any more.

    To rotate: add the new key behind the current one in JCAN_MASTER_KEYS and restart; put it first and
    restart; run this; take the old one out and restart. Nothing has to stand still meanwhile.
    """

    async def wrap(office: Office) -> int:
        count = 0
        while some := await office.vault.rewrap():
            count += some
        async with office.database.begin() as session:
            await audit.add(session, audit.entry_now(OPERATOR, "keys_rewrapped", count=count))
        return count

    try:
        typer.echo(f"Wrapped anew: {run(wrap)}.")
    except MasterKeyMissing as missing:
        raise refuse(f"{missing}: give it back until everything is wrapped anew.") from None
