"""What the tests of the running stack share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.running.enrolling import (
    Enrolling,
    People,
    people,  # noqa: F401
)
from tests.running.personal import of_both_kinds
from tests.running.stack import Stack


@pytest_asyncio.fixture(scope="session")
async def complete(stack: Stack) -> AsyncIterator[list[Enrolling]]:
    """Enrolments of both kinds that are through, and one that ended without a certificate."""
    async with AsyncExitStack() as clients:
        yield await of_both_kinds(People(stack, clients))


KILLING = {"test_faults.py", "test_revocation.py"}
"""Their tests kill processes, with which goes what those have counted."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who kills comes first; what all the others leave behind is looked at last."""
    items.sort(key=lambda item: (item.path.name == "test_traces.py") - (item.path.name in KILLING))
