"""The namespace in Temporal that we work in, and the search attributes that it has to have."""

import asyncio
from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from records.missing import Missing
from workflows.names import SEARCH_ATTRIBUTES

PATIENCE = timedelta(seconds=3)
"""How long to wait for an answer of Temporal."""
KNOWN_WITHIN = timedelta(minutes=1)
"""After how long every one of Temporal's processes knows a new namespace at the latest."""

_KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
_MAY_NOT_ASK = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})
_AWAY = Missing("temporal", "Temporal cannot be reached at TEMPORAL_ADDRESS.")
_LOCKED = Missing(
    "temporal", "Temporal does not let us in with TEMPORAL_API_KEY or the client's certificate."
)


async def lacking(client: Client) -> Missing | None:
    """Say what Temporal lacks for us to work there: itself, the namespace, or its search attributes."""
    try:
        absent = await absent_attributes(client)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Missing(
                "namespace",
                f"Temporal has no namespace {client.namespace} (TEMPORAL_NAMESPACE): "
                "`jcan namespace prepare` makes it, or `temporal operator namespace create`.",
            )
        return _LOCKED if error.status is RPCStatusCode.UNAUTHENTICATED else _AWAY
    except RuntimeError:
        # A client that never was connected says so this way.
        return _AWAY
    return _to_be_created(client, absent) if absent else None


async def absent_attributes(client: Client) -> list[str]:
    """Give the search attributes that are not there as Keyword. Raises RPCError, RuntimeError."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        answer = await client.operator_service.list_search_attributes(request, timeout=PATIENCE)
    except RPCError as error:
        if error.status not in _MAY_NOT_ASK:
            raise
        # Who may not list them learns of a missing one by the first enrolment; that the namespace is there,
        # anybody may know who may work in it.
        described = DescribeNamespaceRequest(namespace=client.namespace)
        await client.workflow_service.describe_namespace(described, timeout=PATIENCE)
        return []
    return [each.name for each in SEARCH_ATTRIBUTES if answer.custom_attributes.get(each.name) != _KEYWORD]


async def prepare(client: Client, retention: timedelta) -> list[str]:
    """Make the namespace, and its search attributes, unless they are there; give what was made.

    `retention`: how long a new namespace keeps closed runs. Raises RPCError, RuntimeError.
    """
    made = [f"namespace {client.namespace}"] if await _register(client, retention) else []
    absent = await _absent_when_known(client)
    if absent:
        request = AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes=dict.fromkeys(absent, _KEYWORD)
        )
        await client.operator_service.add_search_attributes(request, timeout=PATIENCE)
    return [*made, *(f"search attribute {name}" for name in absent)]


async def _register(client: Client, retention: timedelta) -> bool:
    """Make the namespace; False if it is there."""
    if await _is_there(client):
        return False
    request = RegisterNamespaceRequest(namespace=client.namespace)
    request.workflow_execution_retention_period.FromTimedelta(retention)
    try:
        await client.workflow_service.register_namespace(request, timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
        return False
    return True


async def _is_there(client: Client) -> bool:
    described = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(described, timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def _absent_when_known(client: Client) -> list[str]:
    """Give the absent search attributes, waiting for a namespace that is new."""
    async with asyncio.timeout(KNOWN_WITHIN.total_seconds()):
        while True:
            try:
                return await absent_attributes(client)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(0.2)


def _to_be_created(client: Client, absent: list[str]) -> Missing:
    options = " ".join(f"--name {name} --type Keyword" for name in absent)
    return Missing(
        "search_attributes",
        f"The namespace {client.namespace} lacks the search attributes {', '.join(absent)}: `jcan namespace "
        f"prepare` makes them, or `temporal operator search-attribute create {options}`.",
    )
