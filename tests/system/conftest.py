"""What the tests of the running stack share."""

import pytest

from tests.running.enrolling import people  # noqa: F401


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What all the others leave behind is looked at when all the others are through."""
    items.sort(key=lambda item: item.path.name == "test_traces.py")
