"""`jcan enrolments`: where they stand, and what an operator decides."""

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, reference_of, refuse, run
from domain.email import parse_email
from domain.problem import RuleBroken
from domain.reference import Reference
from domain.stage import ReviewDecision, Stage, Verdict
from engine.enrolments import Answer
from records import audit, cases, enrolments
from records.enrolments import Enrolment, Standing
from workflows.messages import CorrectPrincipal, DecideReview, GiveUp, Message, ResendLink, Resume, Withdraw

app = typer.Typer(no_args_is_help=True, help="Enrolments.", rich_markup_mode=None)

Number = Annotated[str, typer.Argument(metavar="REFERENCE", help="受付番号, in any writing.")]

_VERDICTS = {
    Verdict.ACCEPTED: "Accepted.",
    Verdict.REPEATED: "It had been decided so before.",
    Verdict.TOO_LATE: "Too late: the enrolment is past that.",
    Verdict.NOT_NOW: "Not now: the enrolment is at another stage.",
    Verdict.CONTRARY: "Something else has been decided before.",
}

LISTED = 1_000
"""How many enrolments are listed at most, the newest first."""


@app.command(name="list")
def list_(
    attention: Annotated[bool, typer.Option("--attention", help="Only those that wait for you.")] = False,
    stage: Annotated[Stage | None, typer.Option(help="Only those at one stage.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only those of one tenant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """List enrolments, without personal data: where each stands, since when, and what is wrong."""

    async def read(office: Office) -> list[Standing]:
        async with office.database.begin() as session:
            if not attention:
                return await cases.newest(session, tenant, stage, LISTED)
            marked = await cases.needing_attention(session, tenant)
        return [each for each in marked if stage in {None, each.stage}]

    shown = run(read)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in shown]))
        return
    for each in shown:
        facts = (f"{each.stage:<17}", f"{each.tenant:<11}", each.since.isoformat(timespec="seconds"))
        told = each.attention or each.outcome or ""
        typer.echo("  ".join((Reference.parse(each.reference).grouped, *facts, told)).rstrip())


@app.command()
def show(reference: Number) -> None:
    """Tell where an enrolment stands, without personal data."""
    number = reference_of(reference)

    async def read(office: Office) -> Enrolment | None:
        async with office.database.begin() as session:
            return await enrolments.find(session, office.vault, number)

    enrolment = run(read)
    if enrolment is None:
        raise refuse("There is no such enrolment.")
    typer.echo(f"reference  {Reference.parse(enrolment.reference).grouped}")
    typer.echo(f"tenant     {enrolment.tenant}")
    typer.echo(f"applicant  {enrolment.applicant}")
    typer.echo(f"stage      {enrolment.stage}" + (f" ({enrolment.outcome})" if enrolment.outcome else ""))
    typer.echo(f"since      {enrolment.since.isoformat()}")
    if enrolment.until:
        typer.echo(f"until      {enrolment.until.isoformat()}")
    if enrolment.attention:
        typer.echo(f"attention  {enrolment.attention}")


@app.command()
def review(
    reference: Number,
    decision: Annotated[ReviewDecision, typer.Argument(help="What you decide.")],
    reason: Annotated[
        str | None, typer.Option(help="Needed unless you approve; the applicant reads it.")
    ] = None,
) -> None:
    """Decide on an application that waits for review."""
    if decision is not ReviewDecision.APPROVE and not (reason and reason.strip()):
        raise refuse("Give the reason with --reason: the applicant reads it.")
    _tell(reference, DecideReview(decision=decision, reason=reason, decided_by=OPERATOR))


@app.command()
def resend(reference: Number) -> None:
    """Mail a new link, to the address on record and nowhere else; the links before it die."""
    _tell(reference, ResendLink(), noted="asked_to_resend_link")


@app.command()
def correct(
    reference: Number,
    email: Annotated[str, typer.Option(prompt=True, help="The right address; asked for if not given.")],
) -> None:
    """Correct the address of the principal whom an agent named; the approval's link goes there instead."""
    try:
        address = parse_email(email)
    except RuleBroken:
        raise refuse("That is not an address.") from None
    _tell(reference, CorrectPrincipal(email=address), noted="asked_to_correct_principal")


@app.command()
def withdraw(reference: Number) -> None:
    """End an enrolment for which nothing is ordered yet; its ticket is free again."""
    _tell(reference, Withdraw(by="operator", cause="cancelled"), noted="asked_to_withdraw")


@app.command()
def resume(reference: Number) -> None:
    """Go on with a run that is parked, once what parked it is mended."""
    _tell(reference, Resume(decided_by=OPERATOR))


@app.command(name="give-up")
def give_up(reference: Number) -> None:
    """End a run that is parked."""
    _tell(reference, GiveUp(decided_by=OPERATOR))


def _tell(reference: str, message: Message, noted: str | None = None) -> None:
    """Send a message and say the verdict; `noted`: what the audit trail calls it, if not by the message."""
    number = reference_of(reference)

    async def send(office: Office) -> Answer:
        stamp = {"message_id": uuid.uuid4().hex, "received_at": datetime.now(UTC)}
        if noted is not None:
            async with office.database.begin() as session:
                await audit.add(session, audit.entry_now(OPERATOR, noted, number))
        return await office.desk.tell(number, message.model_copy(update=stamp))

    answer = run(send)
    if answer.closed:
        raise refuse("There is no open enrolment of that reference.")
    if answer.verdict is None:
        typer.echo("Sent; no worker answers now, it will be taken when one does.")
        return
    typer.echo(_VERDICTS[answer.verdict])
    if answer.verdict not in {Verdict.ACCEPTED, Verdict.REPEATED}:
        raise typer.Exit(1)
