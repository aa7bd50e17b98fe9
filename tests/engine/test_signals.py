"""Messages and their signals."""

import pytest

from engine.signals import SIGNALS
from workflows.messages import Message


@pytest.mark.parametrize(("kind", "name"), SIGNALS.items(), ids=SIGNALS.values())
def test_a_message_is_on_the_audit_trail_under_its_signals_name(kind: type[Message], name: str) -> None:
    assert kind.model_construct().action == name
