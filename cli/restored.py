"""`jcan restored`: what has to be done after a backup was restored. docs/operations.md says when."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from activities.erasure import erase
from authorities.connector import AuthorityUnavailable
from cli.office import OPERATOR, Office, authority_of, refuse, run
from domain.revocation import RevocationReason
from engine.restoring import Finding, Found, NoWorker, Restoring
from records import audit, audit_chain, certificates
from records.audit import Entry
from records.audit_chain import Broken

app = typer.Typer(no_args_is_help=True, help="After a backup was restored.", rich_markup_mode=None)

Trail = Annotated[
    Path,
    typer.Argument(
        metavar="TRAIL", exists=True, dir_okay=False, help="The newest `jcan audit export` that was kept."
    ),
]

_SENTENCES = {
    Finding.REWRITTEN: "was {was} on record, its run is at {stage}: the record says so now",
    Finding.NO_RUN: "was {was} on record and has no run: ended, its ticket is free",
    Finding.CALLED_OFF: "was {was} on record and its run was open: withdrawn",
    Finding.ERASED: "the person is erased and the run was open: terminated",
    Finding.REVOKED_AGAIN: "is revoked, and its run did not know: told",
    Finding.NO_RECORD: "HAS A RUN AND NO RECORD",
}


@dataclass
class Repeated:
    """How much was done once more."""

    erased: int = 0
    revoked: int = 0


@app.command()
def erasures(trail: Trail) -> None:
    """Erase everybody again who was erased since the dump, and revoke what was revoked since.

    Before worker and web front are started. Done again it changes nothing.
    """

    async def repeat(office: Office) -> Repeated:
        with trail.open(encoding="utf-8") as lines:
            entries, head = audit_chain.read_export(lines, office.settings.audit_keyring)
        done = Repeated(revoked=await _revoke(office, entries), erased=await _erase(office, entries))
        entry = audit.entry_now(
            OPERATOR,
            "restored",
            position=head.position,
            hash=head.hash,
            erased=done.erased,
            revoked=done.revoked,
        )
        async with office.database.begin() as session:
            await audit.add(session, entry)
        return done

    try:
        done = run(repeat)
    except Broken as broken:
        raise refuse(f"Not intact: {broken}.") from None
    except ValueError:
        raise refuse(f"{trail} is no export of an audit trail.") from None
    except AuthorityUnavailable:
        raise refuse("The CA does not answer: try again, and start nothing before.") from None
    typer.echo(f"Erased again: {done.erased}. Revoked again: {done.revoked}.")


@app.command()
def runs() -> None:
    """Make the records tell what the runs tell, which may come from an older dump; needs the worker.

    Done again it changes nothing. Exit code 1 if there are runs without a record.
    """

    async def align(office: Office) -> list[Found]:
        restoring = Restoring(office.connection, office.database, office.certificates, OPERATOR)
        return await restoring.align()

    try:
        found = run(align)
    except NoWorker:
        raise refuse("No worker answers: start it, and try again.") from None
    for each in found:
        typer.echo(f"{each.name}  {_SENTENCES[each.finding].format(was=each.was, stage=each.stage)}")
    if any(each.finding is Finding.NO_RECORD for each in found):
        raise refuse("The database is older than Temporal's store: restore a later dump of the database.")
    typer.echo(f"Set right: {len(found)}.")


async def _revoke(office: Office, entries: Sequence[Entry]) -> int:
    """Revoke at the CA, then in our books, whatever of it the database knows and takes for valid."""
    authority, count = authority_of(office), 0
    for entry in filter(_revokes, entries):
        serial, reason = str(entry.facts["serial"]), RevocationReason(str(entry.facts["reason"]))
        async with office.database.begin() as session:
            certificate = await certificates.find(session, serial)
        if certificate is None or certificate.revoked_at is not None:
            continue
        await authority.revoke(serial, reason)
        async with office.database.begin() as session:
            await certificates.note_revoked(session, serial, reason, entry.at)
        count += 1
    return count


def _revokes(entry: Entry) -> bool:
    """Tell whether an entry says that the CA has revoked: only the certificate's own run writes that.

    An enrolment notes under the same action what it was told, whether it was so or not.
    """
    return entry.key == f"{entry.facts.get('serial')}.certificate_revoked"


async def _erase(office: Office, entries: Sequence[Entry]) -> int:
    authority, count = authority_of(office), 0
    for entry in entries:
        if entry.action == "shredded" and entry.reference is not None:
            count += await erase(office.database, authority, entry.reference, OPERATOR)
    return count
