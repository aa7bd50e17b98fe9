"""`jcan keys`: the data keys that everything personal is sealed with."""

import typer

from cli.office import OPERATOR, Office, refuse, run
from records import audit
from records.vault import MasterKeyMissing

app = typer.Typer(no_args_is_help=True, help="The data keys.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `rewrap` a command of its own though it is the only one."""


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
