"""The ports of the stack, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from devstack.failures import CannotStart

LOOPBACK = "127.0.0.1"
METRICS = ("web_metrics", "worker_metrics")
"""The ports of what only watches: unless somebody asks for one, they go out of everybody's way."""
_HIGHEST = 65535


@dataclass(frozen=True)
class Ports:
    """The TCP ports on loopback that the stack listens on."""

    web: int = 8000
    temporal: int = 7233
    temporal_ui: int = 8233
    mailbox: int = 8025
    smtp: int = 8026
    econtract: int = 8100
    web_metrics: int = 9464
    worker_metrics: int = 9465


def variable(name: str) -> str:
    """Return the environment variable that sets the port of that name."""
    return f"JCAN_{name.upper()}_PORT"


def read_ports(environment: Mapping[str, str]) -> Ports:
    """Read the ports. Raises CannotStart for a value that is no port, and for two parts on one port."""
    chosen: dict[str, int] = {}
    for field in fields(Ports):
        given = environment.get(variable(field.name), "").strip()
        text = given or str(field.default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _HIGHEST):
            raise CannotStart(f"{variable(field.name)} is {text!r}: expected a port, 1 to {_HIGHEST}.")
        port = int(text)
        taken = next((name for name, other in chosen.items() if other == port), None)
        if taken is not None and (given or field.name not in METRICS):
            raise CannotStart(
                f"{variable(taken)} and {variable(field.name)} are both {port}: give each a port of its own."
            )
        chosen[field.name] = port
    return Ports(**chosen)
