"""How long an enrolment that ended without a certificate is kept: then the person is erased."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.erasure import Erasure, Shred
    from domain.workflow_ids import retention_id
    from workflows import wording
    from workflows.calling import call
    from workflows.messages import EnrolmentStart
    from workflows.names import RETENTION, TENANT


class RetentionStart(BaseModel):
    """Whose data, and for how long from now on; nothing personal, for this outlives the enrolment's key."""

    model_config = ConfigDict(frozen=True)

    reference: str
    period: timedelta


@workflow.defn(name=RETENTION)
class Retention:
    """Waits for the end of the retention period."""

    @workflow.run
    async def run(self, start: RetentionStart) -> bool:
        """Erase the person in the end; tells whether there was no reason against it."""
        workflow.set_current_details(wording.details_of_retention(workflow.now() + start.period))
        await workflow.sleep(start.period, summary="保存期間 / retention")
        return await call(
            Erasure.shred, Shred(reference=start.reference), "個人情報の消去 / erase the person"
        )


async def begin_retention(start: EnrolmentStart) -> None:
    """Begin the retention period of an enrolment; it goes on when the enrolment's run has closed."""
    try:
        _ = await workflow.start_child_workflow(
            Retention.run,
            RetentionStart(reference=start.reference, period=start.periods.retention),
            id=retention_id(start.reference),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=wording.summary_of_retention(start),
            search_attributes=TypedSearchAttributes([SearchAttributePair(TENANT, start.tenant)]),
        )
    except WorkflowAlreadyStartedError:
        # A run that was reset has begun it before.
        return
