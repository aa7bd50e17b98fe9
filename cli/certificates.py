"""`jcan certificates`: which there are, where they stand, and their revocation."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.office import OPERATOR, Office, refuse, run
from domain.problem import RuleBroken
from domain.reference import Reference
from domain.revocation import CertificateStage, RevocationReason, parse_serial
from domain.stage import Verdict
from engine.certificates import CertificateAnswer, UnknownCertificate
from records import certificates
from records.certificates import stage_of
from records.tables import Certificate
from workflows.messages import Revoke

app = typer.Typer(no_args_is_help=True, help="Certificates.", rich_markup_mode=None)

Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="The serial number in hexadecimal.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only those of one tenant.")] = None,
    stage: Annotated[CertificateStage | None, typer.Option(help="Only those at one stage.")] = None,
    as_json: AsJson = False,
) -> None:
    """List certificates, the newest first, without personal data."""

    async def read(office: Office) -> Sequence[Certificate]:
        async with office.database.begin() as session:
            return await certificates.list_certificates(session, tenant)

    facts = [_facts(each) for each in run(read)]
    shown = [each for each in facts if stage is None or each["stage"] == stage]
    if as_json:
        typer.echo(json.dumps(shown))
        return
    for each in shown:
        line = (each["serial"], f"{each['stage']:<7}", each["tenant"], each["not_after"], each["reference"])
        typer.echo("  ".join(str(part) for part in line))


@app.command()
def show(serial: Serial, as_json: AsJson = False) -> None:
    """Tell where a certificate stands, without personal data."""
    number = _serial(serial)

    async def read(office: Office) -> Certificate | None:
        async with office.database.begin() as session:
            return await certificates.find(session, number)

    certificate = run(read)
    if certificate is None:
        raise refuse("There is no such certificate.")
    facts = _facts(certificate)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for name, fact in facts.items():
        if fact is not None:
            typer.echo(f"{name:<13}{fact}")


@app.command()
def revoke(
    serial: Serial,
    reason: Annotated[RevocationReason, typer.Option(help="Why, as RFC 5280 names it.")],
) -> None:
    """Revoke a certificate for good: at the CA, then in the e-contract service; the subscriber is told."""
    number = _serial(serial)

    async def send(office: Office) -> CertificateAnswer | None:
        message = Revoke(
            message_id=uuid.uuid4().hex, received_at=datetime.now(UTC), reason=reason, by=OPERATOR
        )
        try:
            return await office.certificates.tell(number, message)
        except UnknownCertificate:
            return None

    answer = run(send)
    if answer is None:
        raise refuse("There is no such certificate.")
    match answer.verdict:
        case None:
            typer.echo("Sent; no worker answers now, it will be revoked when one does.")
        case Verdict.ACCEPTED:
            typer.echo("Accepted.")
        case Verdict.REPEATED:
            typer.echo("It was revoked before; the first reason stays.")
        case _:
            raise refuse("Too late: the certificate has expired.")


def _facts(certificate: Certificate) -> dict[str, str | None]:
    return {
        "serial": certificate.serial,
        "stage": stage_of(certificate, datetime.now(UTC)).value,
        "tenant": certificate.tenant,
        "reference": Reference.parse(certificate.reference).grouped,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "installed_at": _moment(certificate.installed_at),
        "revoked_at": _moment(certificate.revoked_at),
        "reason": certificate.revocation_reason,
        "renewed_by": certificate.renewed_by,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _serial(text: str) -> str:
    try:
        return parse_serial(text)
    except RuleBroken:
        raise refuse("That is not a serial number: hexadecimal digits.") from None
