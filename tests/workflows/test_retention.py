"""An enrolment that ended without a certificate is erased after a while; one with a certificate is not."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.stage import Stage
from domain.workflow_ids import retention_id
from tests.workflows.conftest import PERIODS, StartEnrolment, application
from workflows.messages import RedeemLink, SubmitApplication, Withdraw
from workflows.names import RETENTION


async def test_it_is_erased_after_the_retention_period(enrol: StartEnrolment) -> None:
    enrolling = await enrol(periods=PERIODS.model_copy(update={"retention": timedelta(days=90)}))
    await enrolling.with_link()
    await enrolling.tell(Withdraw())
    await enrolling.end()
    reference = enrolling.handle.id.removeprefix("enrolment-")
    retention = enrolling.environment.client.get_workflow_handle(retention_id(reference), result_type=bool)
    started = await retention.describe()
    assert started.workflow_type == RETENTION
    await enrolling.environment.fast_forward(retention, timedelta(days=89))
    assert (await retention.describe()).status is WorkflowExecutionStatus.RUNNING
    assert enrolling.world.shredded == []
    await enrolling.environment.fast_forward(retention, timedelta(days=1))
    async with asyncio.timeout(30):
        assert await retention.result()
    assert enrolling.world.shredded == [reference]
    closed = await retention.describe()
    assert closed.status is WorkflowExecutionStatus.COMPLETED


async def test_one_with_a_certificate_is_kept(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application()))
    assert (await enrolling.end()).stage is Stage.ISSUED
    reference = enrolling.handle.id.removeprefix("enrolment-")
    with pytest.raises(RPCError) as refused:
        await enrolling.environment.client.get_workflow_handle(retention_id(reference)).describe()
    assert refused.value.status is RPCStatusCode.NOT_FOUND
