"""How much is open, where it stands, and how long it has been waiting: figures, nobody's names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.stage import Attention, Stage
from records.enrolments import OPEN_STAGES
from records.tables import EnrolmentRow

OVERDUE_AFTER = timedelta(minutes=10)
"""How long after its deadline an open enrolment should have ended, whatever its worker had to do."""


@dataclass(frozen=True)
class Backlog:
    """Counts by tenant and stage, by tenant and reason; `reviews_since`: the oldest in review, if any.

    `overdue`: those whose deadline passed some time ago without their having ended, among the open ones.
    """

    enrolments: Mapping[tuple[str, Stage], int]
    overdue: Mapping[tuple[str, Stage], int]
    attention: Mapping[tuple[str, Attention], int]
    reviews_since: Mapping[str, datetime]


async def backlog(session: AsyncSession, tenants: Collection[str], at: datetime) -> Backlog:
    """Count what is open at a moment, of some tenants: with these the index is of use."""
    overdue = func.count().filter(EnrolmentRow.until < at - OVERDUE_AFTER)
    by_stage = (
        select(EnrolmentRow.tenant, EnrolmentRow.stage, func.count(), overdue, func.min(EnrolmentRow.since))
        .where(EnrolmentRow.tenant.in_(tenants), EnrolmentRow.stage.in_(OPEN_STAGES))
        .group_by(EnrolmentRow.tenant, EnrolmentRow.stage)
    )
    by_reason = (
        select(EnrolmentRow.tenant, EnrolmentRow.attention, func.count())
        .where(EnrolmentRow.attention.is_not(None), EnrolmentRow.stage.in_(OPEN_STAGES))
        .group_by(EnrolmentRow.tenant, EnrolmentRow.attention)
    )
    stages = (await session.execute(by_stage)).all()
    reasons = (await session.execute(by_reason)).all()
    return Backlog(
        enrolments={(tenant, Stage(stage)): count for tenant, stage, count, _overdue, _since in stages},
        overdue={(tenant, Stage(stage)): late for tenant, stage, _count, late, _since in stages},
        attention={(tenant, Attention(reason)): count for tenant, reason, count in reasons if reason},
        reviews_since={tenant: since for tenant, stage, *_, since in stages if stage == Stage.IN_REVIEW},
    )
