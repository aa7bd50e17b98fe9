"""`jcan shred`: erase a person."""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

from activities.erasure import erase
from cli.office import OPERATOR, Office, authority_of, reference_of, refuse, run
from domain.revocation import RevocationReason
from domain.stage import Verdict
from records import certificates, erasure
from records.erasure import Obstacle
from workflows.messages import Revoke, Withdraw

PATIENCE = 60.0
"""Seconds until an enrolment that was withdrawn, or a certificate that was revoked, should have ended."""


def shred(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="受付番号, in any writing.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw the enrolment first.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the certificate first.")] = False,
) -> None:
    """Erase a person from history, database and mailings, for good. The audit trail's facts stay.

    Refused while the enrolment is open or the certificate valid.
    """
    number = reference_of(reference)

    async def do(office: Office) -> bool:
        await _make_ready(office, number, withdraw=withdraw, revoke=revoke)
        return await erase(office.database, authority_of(office), number, OPERATOR)

    typer.echo("Erased." if run(do) else "The person was erased before.")


async def _make_ready(office: Office, reference: str, *, withdraw: bool, revoke: bool) -> None:
    """Come to where nothing stands against erasing, as far as asked for."""
    obstacle = await _obstacle(office, reference)
    if obstacle is Obstacle.OPEN and withdraw:
        await _withdraw(office, reference)
        obstacle = await _wait(office, reference, Obstacle.OPEN)
    if obstacle is Obstacle.VALID_CERTIFICATE and revoke:
        await _revoke(office, reference)
        obstacle = await _wait(office, reference, Obstacle.VALID_CERTIFICATE)
    match obstacle:
        case Obstacle.UNKNOWN:
            raise refuse("There is no such enrolment.")
        case Obstacle.OPEN:
            raise refuse("The enrolment is open: wait for its end, or give --withdraw.")
        case Obstacle.ENDING:
            raise refuse("Its run is about to end, and still has to tell people: try again in a moment.")
        case Obstacle.VALID_CERTIFICATE:
            raise refuse("The certificate is valid: give --revoke to revoke it first.")


async def _obstacle(office: Office, reference: str) -> Obstacle | None:
    """What stands against erasing; the runs themselves say whether they are open."""
    async with office.database.begin() as session:
        obstacle = await erasure.obstacle(session, reference, datetime.now(UTC))
    if obstacle in {Obstacle.UNKNOWN, Obstacle.VALID_CERTIFICATE}:
        return obstacle
    # By the record alone, a run that somebody terminated would be open for ever.
    if await office.desk.is_open(reference):
        return Obstacle.ENDING if obstacle is None else Obstacle.OPEN
    async with office.database.begin() as session:
        certificate = await certificates.of_enrolment(session, reference)
    closing = certificate is not None and await office.certificates.is_open(certificate.serial)
    return Obstacle.ENDING if closing else None


async def _wait(office: Office, reference: str, until_not: Obstacle) -> Obstacle | None:
    deadline = time.monotonic() + PATIENCE
    while (obstacle := await _obstacle(office, reference)) in {until_not, Obstacle.ENDING}:
        if time.monotonic() > deadline:
            raise refuse("It has not ended yet: look at its run, and try again.")
        await asyncio.sleep(0.2)
    return obstacle


async def _withdraw(office: Office, reference: str) -> None:
    message = Withdraw(
        message_id=uuid.uuid4().hex, received_at=datetime.now(UTC), by="operator", cause="cancelled"
    )
    answer = await office.desk.tell(reference, message)
    if answer.verdict is Verdict.TOO_LATE and not answer.closed:
        raise refuse("The CA has the order already: wait for the certificate, then give --revoke.")


async def _revoke(office: Office, reference: str) -> None:
    async with office.database.begin() as session:
        certificate = await certificates.of_enrolment(session, reference)
    if certificate is not None:
        message = Revoke(
            message_id=uuid.uuid4().hex,
            received_at=datetime.now(UTC),
            reason=RevocationReason.CESSATION_OF_OPERATION,
            by=OPERATOR,
        )
        await office.certificates.tell(certificate.serial, message)
