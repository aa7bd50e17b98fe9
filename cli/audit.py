"""`jcan audit`: the audit trail for an auditor."""

from pathlib import Path
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, reference_of, refuse, run
from records import audit, audit_chain
from records.audit_chain import Broken, Head
from records.tables import AuditEntry

app = typer.Typer(no_args_is_help=True, help="The audit trail.", rich_markup_mode=None)

HeadFile = Annotated[
    list[Path] | None,
    typer.Option("--head", exists=True, dir_okay=False, help="A head or an export that was kept elsewhere."),
]


@app.command()
def verify(head: HeadFile = None) -> None:
    """Verify that no entry was changed or removed; with --head also that none was cut off since.

    Exit code 1 if something is not as it was written; the sentence says what.
    """
    heads = [one for file in head or [] for one in _read(file)]

    async def check(office: Office) -> int:
        for one in heads:
            audit_chain.check_signature(one, office.settings.audit_keyring)
        async with office.database.begin() as session:
            return await audit_chain.verify(session, *heads)

    try:
        count = run(check)
    except Broken as broken:
        raise refuse(f"Not intact: {broken}.") from None
    typer.echo(f"Intact: {count} entries" + (f", and what {len(heads)} heads say." if heads else "."))


@app.command()
def head() -> None:
    """Print the signed head of the trail: keep it where who administers the database cannot write."""

    async def sign(office: Office) -> Head:
        async with office.database.begin() as session:
            return await audit_chain.head(session, office.settings.audit_keyring)

    typer.echo(run(sign).model_dump_json())


@app.command()
def export() -> None:
    """Print the whole trail as JSON lines in the order of writing, verified, its signed head last."""

    async def print_all(office: Office) -> None:
        async with office.database.begin() as session:
            signed = await audit_chain.head(session, office.settings.audit_keyring)
            async for link in audit_chain.links(session):
                if link.position <= signed.position:
                    typer.echo(link.line())
        typer.echo(f'{{"head":{signed.model_dump_json()}}}')
        async with office.database.begin() as session:
            await audit.add(session, audit.entry_now(OPERATOR, "audit_exported", position=signed.position))

    try:
        run(print_all)
    except Broken as broken:
        raise refuse(f"Not intact: {broken}.") from None


@app.command()
def show(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="受付番号, in any writing.")],
) -> None:
    """Tell what happened to one enrolment, in the order of writing."""
    number = reference_of(reference)

    async def read(office: Office) -> list[AuditEntry]:
        async with office.database.begin() as session:
            return list(await audit.entries_of(session, number))

    entries = run(read)
    if not entries:
        raise refuse("The audit trail has nothing of that reference.")
    for entry in entries:
        facts = " ".join(f"{name}={fact}" for name, fact in entry.facts.items())
        at = entry.at.isoformat(timespec="seconds")
        typer.echo(f"{at}  {entry.actor:<20}  {entry.action:<20}  {facts}".rstrip())


def _read(file: Path) -> list[Head]:
    try:
        return audit_chain.read_heads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise refuse(f"There is no head of an audit trail in {file}.") from None
