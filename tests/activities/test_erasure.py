"""Erasing a person: what goes, what stays, and when it is not done."""

import os
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.erasure import Erasure, Shred, erase
from authorities.local_keys import load_or_create
from domain.application import Application
from domain.stage import Applicant, Language, Outcome, Stage
from records import audit, drafts, enrolments
from records.database import Database
from records.enrolments import Details, Standing
from records.erasure import Obstacle, obstacle
from records.tables import Certificate, CertificateOrder, DataKey, EnrolmentRow
from records.vault import Erased, Vault
from settings import Settings
from tests.scripted_authority import ScriptedAuthority
from tests.web.enrolling import application

REFERENCE = "0123456789ABC"
DIGEST_KEY = b"k" * 32

Enrolled = Callable[..., Awaitable[None]]


class FakeRun:
    """A run of which only its status is asked."""

    def __init__(self, status: WorkflowExecutionStatus | None) -> None:
        self.status = status

    def get_workflow_handle(self, _id: str) -> "FakeRun":
        """Itself."""
        return self

    async def describe(self) -> "FakeRun":
        """Itself, or that there is none."""
        if self.status is None:
            raise RPCError("no such run", RPCStatusCode.NOT_FOUND, b"")
        return self


def client(status: WorkflowExecutionStatus | None) -> Client:
    """A client for which every run has this status."""
    fake: Any = FakeRun(status)
    return fake  # type: ignore[no-any-return]


@pytest.fixture
def authority(settings: Settings) -> ScriptedAuthority:
    """The CA."""
    Path(settings.ca_dir).mkdir(exist_ok=True)
    return ScriptedAuthority(load_or_create(settings.ca_dir))


@pytest.fixture
def enrolled(database: Database, vault: Vault) -> Enrolled:
    """Write an enrolment with everything personal that there can be."""

    async def write(stage: Stage = Stage.REJECTED, not_after: datetime | None = None) -> None:
        now = datetime.now(UTC)
        standing = Standing(
            reference=REFERENCE,
            tenant="leopalace",
            applicant=Applicant.PRINCIPAL,
            language=Language.JA,
            stage=stage,
            since=now,
            until=None,
            attention=None,
            outcome=Outcome.REJECTED_BY_REVIEWER if stage.ended else None,
            generation=1,
            redeemed_generation=1,
            approval_round=0,
            ordered=not_after is not None,
            registered_at=now,
        )
        person: Application = application()
        details = Details(email=person.email, ticket_number=f"1{uuid.uuid4()}p", application=person)
        async with database.begin() as session:
            await enrolments.write(session, vault, DIGEST_KEY, standing, details)
            await drafts.save(session, vault, REFERENCE, {"family_name": "髙橋"})
            order = f"{REFERENCE}-1"
            session.add(
                CertificateOrder(
                    order_id=order,
                    reference=REFERENCE,
                    round=1,
                    tenant="leopalace",
                    connector="local",
                    requested_at=now,
                )
            )
            if not_after is not None:
                session.add(
                    Certificate(
                        serial="0a",
                        reference=REFERENCE,
                        tenant="leopalace",
                        not_before=now - timedelta(days=365),
                        not_after=not_after,
                        fingerprint=os.urandom(32),
                        sealed_certificate=await vault.seal(REFERENCE, b"certificate", b"certificate"),
                        stored_at=now,
                    )
                )

    return write


async def test_the_person_is_gone_and_the_facts_stay(
    enrolled: Enrolled, database: Database, vault: Vault, settings: Settings, authority: ScriptedAuthority
) -> None:
    await enrolled()
    assert await erase(database, authority, REFERENCE, "operator:cli")
    fresh = Vault(database, settings.master_keyring)
    async with database.begin() as session:
        key = (await session.scalars(select(DataKey).where(DataKey.reference == REFERENCE))).one()
        row = await session.get_one(EnrolmentRow, REFERENCE)
        found = await enrolments.find(session, fresh, REFERENCE)
        assert await drafts.load(session, fresh, REFERENCE) == {}
        [entry] = await audit.entries_of(session, REFERENCE)
    assert (key.wrapped, key.shredded_at is not None) == (None, True)
    digests = (row.email_digest, row.principal_digest, row.ticket_digest)
    assert (row.sealed_details, *digests) == (None, None, None, None)
    assert found is not None
    assert found.details is None
    assert found.stage is Stage.REJECTED
    assert (entry.actor, entry.action, entry.tenant) == ("operator:cli", "shredded", "leopalace")
    assert authority.erased == [f"{REFERENCE}-1"]
    with pytest.raises(Erased):
        await fresh.key_of(REFERENCE)
    with pytest.raises(Erased):
        await vault.present_key(str(key.key_id))


async def test_erasing_again_changes_nothing(
    enrolled: Enrolled, database: Database, authority: ScriptedAuthority
) -> None:
    await enrolled()
    assert await erase(database, authority, REFERENCE, "operator:cli")
    assert not await erase(database, authority, REFERENCE, "operator:cli")
    async with database.begin() as session:
        assert len(await audit.entries_of(session, REFERENCE)) == 1


async def test_while_the_ca_is_away_nothing_is_erased_here_and_the_next_try_makes_it_good(
    enrolled: Enrolled, database: Database, vault: Vault, authority: ScriptedAuthority
) -> None:
    await enrolled()
    authority.away = True
    with pytest.raises(Exception, match="wire"):
        await erase(database, authority, REFERENCE, "operator:cli")
    async with database.begin() as session:
        found = await enrolments.find(session, vault, REFERENCE)
    assert found is not None
    assert found.details is not None
    authority.away = False
    assert await erase(database, authority, REFERENCE, "operator:cli")


@pytest.mark.parametrize(
    ("stage", "days", "expected"),
    [
        (Stage.APPLYING, None, Obstacle.OPEN),
        (Stage.ISSUED, 1, Obstacle.VALID_CERTIFICATE),
        (Stage.INSTALLING, 1, Obstacle.VALID_CERTIFICATE),
        (Stage.ISSUED, -1, None),
        (Stage.EXPIRED, None, None),
    ],
)
async def test_what_stands_against_it(
    enrolled: Enrolled, database: Database, stage: Stage, days: int | None, expected: Obstacle | None
) -> None:
    now = datetime.now(UTC)
    await enrolled(stage, None if days is None else now + timedelta(days=days))
    async with database.begin() as session:
        assert await obstacle(session, REFERENCE, now) is expected
        assert await obstacle(session, "ZZZZZZZZZZZZZ", now) is Obstacle.UNKNOWN


@pytest.mark.parametrize("status", [WorkflowExecutionStatus.COMPLETED, None])
async def test_the_end_of_retention_erases(
    enrolled: Enrolled,
    database: Database,
    authority: ScriptedAuthority,
    status: WorkflowExecutionStatus | None,
) -> None:
    await enrolled()
    erasure = Erasure(database, authority, client(status))
    assert await erasure.shred(Shred(reference=REFERENCE))
    assert await erasure.shred(Shred(reference=REFERENCE))
    async with database.begin() as session:
        assert [entry.actor for entry in await audit.entries_of(session, REFERENCE)] == ["retention"]


@pytest.mark.parametrize(("stage", "days"), [(Stage.APPLYING, None), (Stage.ISSUED, 1), (Stage.ISSUED, -1)])
async def test_a_run_that_was_reset_and_went_on_is_kept(
    enrolled: Enrolled, database: Database, authority: ScriptedAuthority, stage: Stage, days: int | None
) -> None:
    await enrolled(stage, None if days is None else datetime.now(UTC) + timedelta(days=days))
    erasure = Erasure(database, authority, client(WorkflowExecutionStatus.RUNNING))
    assert not await erasure.shred(Shred(reference=REFERENCE))
    assert authority.erased == []


async def test_a_run_that_is_just_ending_is_waited_for(
    enrolled: Enrolled, database: Database, authority: ScriptedAuthority
) -> None:
    await enrolled()
    erasure = Erasure(database, authority, client(WorkflowExecutionStatus.RUNNING))
    with pytest.raises(Exception, match="about to end"):
        await erasure.shred(Shred(reference=REFERENCE))
    assert authority.erased == []
