"""What is personal is sealed in Temporal: payloads, results, failures."""

import uuid
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.workflow_ids import enrolment_id
from engine.codec import NoKeyForContext, VaultCodec, data_converter
from engine.sandbox import sandbox
from records.database import Database
from records.vault import Vault

NAME = "髙橋 太郎"


@activity.defn
async def greet(name: str) -> str:
    """Greet, or fail with the name in the error."""
    if name == NAME:
        raise ApplicationError(f"cannot greet {name}", non_retryable=True)
    return f"hello {name}"


@workflow.defn
class Greeting:
    """Greets somebody."""

    @workflow.run
    async def run(self, name: str) -> str:
        """Greet."""
        workflow.set_current_details(f"greeting {name}")
        return await workflow.execute_activity(
            greet,
            name,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary=f"greet {name}",
        )


@pytest.fixture
async def sealed_client(environment: WorkflowEnvironment, vault: Vault, database: Database) -> Client:
    """A client as the worker's and the front's."""
    config = environment.client.config()
    config["data_converter"] = data_converter(vault, database)
    return Client(**config)


async def raw_history(environment: WorkflowEnvironment, workflow_id: str) -> str:
    """The history as Temporal has it."""
    history = await environment.client.get_workflow_handle(workflow_id).fetch_history()
    return "".join(str(event) for event in history.events)


async def test_nothing_of_a_run_is_in_clear_in_its_history_and_all_of_it_opens(
    environment: WorkflowEnvironment, sealed_client: Client
) -> None:
    name = "Taro Takahashi"
    workflow_id = enrolment_id("0123456789ABC")
    async with Worker(
        sealed_client,
        task_queue="codec",
        workflows=[Greeting],
        activities=[greet],
        workflow_runner=sandbox(),
    ):
        run = await sealed_client.start_workflow(
            Greeting.run, name, id=workflow_id, task_queue="codec", static_summary=f"about {name}"
        )
        assert await run.result() == f"hello {name}"
    history = await raw_history(environment, workflow_id)
    assert "Takahashi" not in history
    assert "binary/encrypted" in history


async def test_failures_are_sealed_too(environment: WorkflowEnvironment, sealed_client: Client) -> None:
    workflow_id = enrolment_id("0123456789ABD")
    async with Worker(
        sealed_client,
        task_queue="codec",
        workflows=[Greeting],
        activities=[greet],
        workflow_runner=sandbox(),
    ):
        with pytest.raises(WorkflowFailureError):
            await sealed_client.execute_workflow(Greeting.run, NAME, id=workflow_id, task_queue="codec")
    history = await raw_history(environment, workflow_id)
    assert "\\351\\253\\231" not in history, "no byte of the name, escaped or not"
    assert NAME not in history
    assert "cannot greet" not in history


async def test_what_belongs_to_no_enrolment_is_refused(vault: Vault, database: Database) -> None:
    codec = VaultCodec(vault, database)
    with pytest.raises(NoKeyForContext):
        await codec.encode([Payload(data=b"1")])
    other = codec.with_context(WorkflowSerializationContext(namespace="default", workflow_id="other-1"))
    with pytest.raises(NoKeyForContext):
        await other.encode([Payload(data=b"1")])


async def test_payloads_of_two_enrolments_have_two_keys_and_open_without_context(
    vault: Vault, database: Database
) -> None:
    codec = VaultCodec(vault, database)
    sealed = []
    for reference in ("A", "B"):
        context = WorkflowSerializationContext(namespace="default", workflow_id=enrolment_id(reference))
        sealed += await codec.with_context(context).encode([Payload(data=reference.encode())])
    assert len({payload.metadata["encryption-key-id"] for payload in sealed}) == 2
    assert [payload.data for payload in await codec.decode(sealed)] == [b"A", b"B"]


async def test_what_an_operator_sends_by_hand_passes(vault: Vault, database: Database) -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'{"decision": "approve"}')
    assert await VaultCodec(vault, database).decode([plain]) == [plain]


async def test_an_activitys_payloads_belong_to_its_workflow(vault: Vault, database: Database) -> None:
    context = ActivitySerializationContext(
        namespace="default",
        activity_id=uuid.uuid4().hex,
        activity_type="greet",
        activity_task_queue="codec",
        workflow_id=enrolment_id("A"),
        workflow_type="Enrolment",
        is_local=False,
    )
    codec = VaultCodec(vault, database)
    (sealed,) = await codec.with_context(context).encode([Payload(data=b"1")])
    assert sealed.metadata["encryption-key-id"].decode() == (await vault.key_of("A")).key_id
