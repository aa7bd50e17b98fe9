"""A tenant's enrolments as its e-contract service may know them: where each stands, nothing personal."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.stage import Applicant, Outcome, Stage
from records.tables import Certificate, EnrolmentRow


@dataclass(frozen=True)
class TenantEnrolment:
    """Where one enrolment stands. Times are UTC; `serial` is that of its newest certificate."""

    reference: str
    applicant: Applicant
    stage: Stage
    outcome: Outcome | None
    since: datetime
    until: datetime | None
    registered_at: datetime
    approval_round: int
    serial: str | None


@dataclass(frozen=True)
class Place:
    """Where a page of the list ends: the list is in the order of registration."""

    registered_at: datetime
    reference: str


async def page(
    session: AsyncSession, tenant: str, stages: Collection[Stage], after: Place | None, limit: int
) -> Sequence[TenantEnrolment]:
    """Give the next `limit` enrolments of a tenant, of some stages or (none given) of all."""
    query = _enrolments(tenant).order_by(EnrolmentRow.registered_at, EnrolmentRow.reference).limit(limit)
    if stages:
        query = query.where(EnrolmentRow.stage.in_([stage.value for stage in stages]))
    if after is not None:
        here = tuple_(EnrolmentRow.registered_at, EnrolmentRow.reference)
        query = query.where(here > (after.registered_at, after.reference))
    return [_enrolment(row) for row in (await session.execute(query)).all()]


async def find(session: AsyncSession, tenant: str, reference: str) -> TenantEnrolment | None:
    """Give one enrolment; None if it is not this tenant's."""
    query = _enrolments(tenant).where(EnrolmentRow.reference == reference)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _enrolment(row)


def _enrolments(tenant: str) -> Select[EnrolmentRow, str | None]:
    newest = (
        select(Certificate.serial)
        .where(Certificate.reference == EnrolmentRow.reference)
        .order_by(Certificate.stored_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(EnrolmentRow, newest).where(EnrolmentRow.tenant == tenant)


def _enrolment(row: Row[EnrolmentRow, str | None]) -> TenantEnrolment:
    standing, serial = row
    return TenantEnrolment(
        reference=standing.reference,
        applicant=Applicant(standing.applicant),
        stage=Stage(standing.stage),
        outcome=Outcome(standing.outcome) if standing.outcome else None,
        since=standing.since,
        until=standing.until,
        registered_at=standing.registered_at,
        approval_round=standing.approval_round,
        serial=serial,
    )
