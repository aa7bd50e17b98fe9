"""What Temporal lacks is told, and made by `jcan namespace prepare`; on a real server."""

import uuid
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from engine.namespace import absent_attributes, lacking, prepare
from workflows.names import SEARCH_ATTRIBUTES

NAMES = [key.name for key in SEARCH_ATTRIBUTES]


async def client_of(environment: WorkflowEnvironment, namespace: str) -> Client:
    """A client for another namespace of the server."""
    return await Client.connect(environment.client.service_client.config.target_host, namespace=namespace)


async def test_a_namespace_with_our_search_attributes_lacks_nothing(environment: WorkflowEnvironment) -> None:
    assert await lacking(environment.client) is None


async def test_a_namespace_that_is_not_there_is_named(environment: WorkflowEnvironment) -> None:
    missing = await lacking(await client_of(environment, "nowhere"))
    assert missing is not None
    assert missing.name == "namespace"
    assert "no namespace nowhere" in missing.sentence
    assert "jcan namespace prepare" in missing.sentence


async def test_a_server_that_is_not_there_is_told() -> None:
    missing = await lacking(await Client.connect("127.0.0.1:1", lazy=True))
    assert missing is not None
    assert (missing.name, missing.sentence) == (
        "temporal",
        "Temporal cannot be reached at TEMPORAL_ADDRESS.",
    )


async def test_a_new_namespace_is_made_ready_once(environment: WorkflowEnvironment) -> None:
    name = f"lra-{uuid.uuid4()}"
    client = await client_of(environment, name)
    assert await prepare(client, timedelta(days=7)) == [
        f"namespace {name}",
        *(f"search attribute {each}" for each in NAMES),
    ]
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=7)
    assert await lacking(client) is None
    assert await prepare(client, timedelta(days=7)) == []


async def test_missing_search_attributes_are_named_with_the_command_that_makes_them(
    environment: WorkflowEnvironment,
) -> None:
    client = await client_of(environment, "temporal-system")
    assert await absent_attributes(client) == NAMES
    missing = await lacking(client)
    assert missing is not None
    assert missing.name == "search_attributes"
    assert all(f"--name {name} --type Keyword" in missing.sentence for name in NAMES)
