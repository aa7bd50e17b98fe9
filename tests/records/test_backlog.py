"""The figures of what is open, out of a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

from domain.stage import Attention, Outcome, Stage
from records.backlog import backlog
from records.database import Database
from records.enrolments import Previous
from records.vault import Vault
from tests.records.office import Office

NOW = datetime.now(UTC)


async def test_what_is_open_is_counted_by_tenant_and_stage_and_what_has_ended_is_not(
    database: Database, vault: Vault
) -> None:
    office = Office(database, vault)
    await office.write(1, Stage.REGISTERED)
    await office.write(2, Stage.REGISTERED, tenant="contracthub")
    await office.write(3, Stage.IN_REVIEW, attention=Attention.REVIEW_OVERDUE, since=NOW - timedelta(days=6))
    await office.write(4, Stage.IN_REVIEW, since=NOW - timedelta(days=1))
    await office.write(5, Stage.ISSUING, since=NOW - timedelta(days=9))
    await office.write(
        6, Stage.WITHDRAWN, attention=Attention.MAIL_REFUSED, outcome=Outcome.WITHDRAWN_BY_APPLICANT
    )
    await office.write(7, Stage.REGISTERED, tenant="somebody-else")

    async with database.begin() as session:
        found = await backlog(session, ["leopalace", "contracthub"], NOW)

    assert found.enrolments == {
        ("leopalace", Stage.REGISTERED): 1,
        ("contracthub", Stage.REGISTERED): 1,
        ("leopalace", Stage.IN_REVIEW): 2,
        ("leopalace", Stage.ISSUING): 1,
    }
    assert found.attention == {("leopalace", Attention.REVIEW_OVERDUE): 1}
    assert found.reviews_since == {"leopalace": NOW - timedelta(days=6)}
    assert set(found.overdue.values()) == {0}


async def test_overdue_is_what_should_have_ended_some_time_ago(database: Database, vault: Vault) -> None:
    office = Office(database, vault)
    await office.write(1, Stage.REGISTERED, until=NOW - timedelta(minutes=11))
    await office.write(2, Stage.REGISTERED, until=NOW - timedelta(minutes=9))
    await office.write(3, Stage.APPLYING, until=NOW + timedelta(days=1))
    await office.write(4, Stage.EXPIRED, until=NOW - timedelta(days=1), outcome=Outcome.LINK_EXPIRED)

    async with database.begin() as session:
        found = await backlog(session, ["leopalace"], NOW)

    assert found.overdue == {("leopalace", Stage.REGISTERED): 1, ("leopalace", Stage.APPLYING): 0}


async def test_a_writing_tells_what_stood_there_before(database: Database, vault: Vault) -> None:
    office = Office(database, vault)
    assert await office.write(1, Stage.REGISTERED, revision=1) == Previous(None, None)
    assert await office.write(2, Stage.APPLYING, revision=1) == Previous(None, None)
    parked = {"attention": Attention.MAIL_REFUSED, "revision": 3}
    assert await office.write(1, Stage.REGISTERED, **parked) == Previous(Stage.REGISTERED, None)
    assert await office.write(1, Stage.APPLYING, revision=4) == Previous(
        Stage.REGISTERED, Attention.MAIL_REFUSED
    )
    assert await office.write(1, Stage.REGISTERED, revision=2) is None
