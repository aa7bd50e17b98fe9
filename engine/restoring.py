"""After a restore: records and runs come from two dumps, and are made to tell the same again.

Temporal's dump is the older one, so the records may be ahead of the runs: of a message in between, its effect
is on record and its run has not heard of it. The run counts. What it repeats has its effect once, for every
step is known by reference, step and round; here the record is taken back to where the run stands, so that
nobody is told of what will not go on.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from temporalio.client import Client, WorkflowExecution, WorkflowHandle
from temporalio.service import RPCError

from domain.revocation import RevocationReason
from domain.stage import Attention, Stage
from domain.workflow_ids import certificate_id, enrolment_id, reference_in, serial_in
from engine.certificates import CertificateDesk
from engine.client import Connection
from engine.enrolments import Gone, reachable
from engine.unavailable import EngineUnavailable
from records import realignment
from records.database import Database
from records.enrolments import Standing
from workflows.messages import EnrolmentEnd, Revoke, StatusAnswer
from workflows.names import ATTENTION, CERTIFICATE, ENROLMENT, STATUS

PATIENCE_SECONDS = 30.0
"""How long a run may take to say where it stands; without a worker none does."""

_UNTOLD = frozenset({Stage.WITHDRAWN, Stage.REFUSED, Stage.REJECTED})
"""Ends that came by a message; an expiry, or an issuance under way, comes about once more by itself."""


class Finding(StrEnum):
    """What was found, and done about it."""

    REWRITTEN = "rewritten"
    """The record told something else than the run: it tells what the run tells."""
    NO_RUN = "no_run"
    """It was registered after Temporal's dump: it has ended, its ticket is free."""
    CALLED_OFF = "called_off"
    """By the record it had been withdrawn, refused or rejected: its run is withdrawn."""
    ERASED = "erased"
    """The person is erased, and nobody can read the run any more: it is terminated."""
    REVOKED_AGAIN = "revoked_again"
    """The certificate is revoked and its run had not heard of it: it is told."""
    NO_RECORD = "no_record"
    """There is a run and no record: the database's dump is the older one. Nothing can be done here."""


class NoWorker(Exception):
    """No worker answers for a run."""


@dataclass(frozen=True)
class Found:
    """One enrolment (by its reference) or certificate (by its serial), and what was the matter with it."""

    name: str
    finding: Finding
    was: str = ""
    stage: str = ""


class Restoring:
    """Sets records and runs right after a restore; done again it finds nothing."""

    def __init__(self, connection: Connection, database: Database, desk: CertificateDesk, actor: str) -> None:
        """Take both sides, and as whom to write what was changed."""
        self._connection = connection
        self._database = database
        self._desk = desk
        self._actor = actor

    async def align(self) -> list[Found]:
        """Set everything right. Raises EngineUnavailable, NoWorker."""
        client = await self._connection.client()
        try:
            async with reachable():
                runs = await _open(client, ENROLMENT)
                lives = await _open(client, CERTIFICATE)
        except Gone:
            raise EngineUnavailable from None
        async with self._database.begin() as session:
            references = [reference for id_ in runs if (reference := reference_in(id_))]
            standings = await realignment.unsettled(session, references)
            erased = await realignment.erased(session)
        found = [Found(each, Finding.NO_RECORD) for each in references if each not in standings]
        for reference, standing in standings.items():
            run = runs.get(enrolment_id(reference))
            found += await self._enrolment(client, standing, run, erased=reference in erased)
        return found + await self._certificates(client, lives, erased)

    async def _enrolment(
        self, client: Client, before: Standing, run: WorkflowExecution | None, *, erased: bool
    ) -> list[Found]:
        handle = client.get_workflow_handle(enrolment_id(before.reference), result_type=EnrolmentEnd)
        if erased and (run is not None or not before.stage.ended):
            if run is not None:
                await handle.terminate(reason="the person was erased")
            return await self._close(before, Finding.ERASED)
        if before.stage.ended:
            called_off = before.stage in _UNTOLD
            if called_off:
                await handle.cancel()
            return await self._write(before, before, Finding.CALLED_OFF if called_off else None)
        status = await _status(handle)
        if status is None:
            return await self._close(before, Finding.NO_RUN)
        after = _told(before, status, run)
        return await self._write(before, after, None if after == before else Finding.REWRITTEN)

    async def _write(self, before: Standing, after: Standing, finding: Finding | None) -> list[Found]:
        async with self._database.begin() as session:
            await realignment.rewrite(session, before, after, self._actor, finding)
        return [] if finding is None else [Found(before.reference, finding, before.stage, after.stage)]

    async def _close(self, before: Standing, finding: Finding) -> list[Found]:
        async with self._database.begin() as session:
            await realignment.close(session, before, self._actor, finding)
        return [Found(before.reference, finding, before.stage)]

    async def _certificates(
        self, client: Client, lives: Mapping[str, WorkflowExecution], erased: set[str]
    ) -> list[Found]:
        found = []
        serials = [serial for id_ in lives if (serial := serial_in(id_))]
        async with self._database.begin() as session:
            rows = await realignment.certificates(session, serials)
        for serial in serials:
            row = rows.get(serial)
            if row is None:
                found.append(Found(serial, Finding.NO_RECORD))
            elif row.reference in erased:
                await client.get_workflow_handle(certificate_id(serial)).terminate(
                    reason="the person was erased"
                )
                found.append(Found(serial, Finding.ERASED))
            elif row.revoked_at is not None:
                await self._desk.tell(serial, _revoke(serial, row.revocation_reason))
                found.append(Found(serial, Finding.REVOKED_AGAIN))
        return found


async def _open(client: Client, kind: str) -> dict[str, WorkflowExecution]:
    """Give the open runs of a kind by their workflow ids."""
    query = f'WorkflowType="{kind}" AND ExecutionStatus="Running"'
    return {run.id: run async for run in client.list_workflows(query)}


async def _status(handle: WorkflowHandle[object, EnrolmentEnd]) -> StatusAnswer | None:
    """Ask a run where it stands; None if there never was one. Raises EngineUnavailable, NoWorker."""
    try:
        async with reachable(), asyncio.timeout(PATIENCE_SECONDS):
            status: StatusAnswer = await handle.query(STATUS, None, result_type=StatusAnswer)
            return status
    except Gone:
        return None
    except (TimeoutError, RPCError):
        raise NoWorker from None


def _told(before: Standing, status: StatusAnswer, run: WorkflowExecution | None) -> Standing:
    """Give the standing as a run tells it."""
    told = status.model_dump(exclude={"verdict", "applicant"})
    marked = run.typed_search_attributes.get(ATTENTION) if run is not None else None
    return before.model_copy(update=told | {"attention": Attention(marked) if marked else None})


def _revoke(serial: str, reason: str | None) -> Revoke:
    return Revoke(
        message_id=f"restored-{serial}",
        received_at=datetime.now(UTC),
        reason=RevocationReason(reason or RevocationReason.UNSPECIFIED),
    )
