"""Recorded histories replay: a change that would break runs that are under way is found here."""

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from engine.sandbox import sandbox
from tests.workflows.record_histories import CERTIFICATE, HISTORIES, TALES
from workflows.certificate import Certificate
from workflows.enrolment import Enrolment


@pytest.mark.parametrize("name", [*TALES, CERTIFICATE])
async def test_a_recorded_run_replays(name: str) -> None:
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    replayer = Replayer(
        workflows=[Enrolment, Certificate], data_converter=pydantic_data_converter, workflow_runner=sandbox()
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(name, text))
