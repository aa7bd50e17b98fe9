"""The ports of the stack: read from the environment, and free before anything starts."""

import contextlib
import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields

import psutil

from devstack.failures import CannotStart

LOOPBACK = "127.0.0.1"
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


def variable(name: str) -> str:
    """Return the environment variable that sets the port of that name."""
    return f"JCAN_{name.upper()}_PORT"


def read_ports(environment: Mapping[str, str]) -> Ports:
    """Read the ports. Raises CannotStart for a value that is no port, and for two parts on one port."""
    chosen: dict[str, int] = {}
    for field in fields(Ports):
        text = environment.get(variable(field.name), "").strip() or str(field.default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _HIGHEST):
            raise CannotStart(f"{variable(field.name)} is {text!r}: expected a port, 1 to {_HIGHEST}.")
        port = int(text)
        taken = next((name for name, other in chosen.items() if other == port), None)
        if taken is not None:
            raise CannotStart(
                f"{variable(taken)} and {variable(field.name)} are both {port}: give each a port of its own."
            )
        chosen[field.name] = port
    return Ports(**chosen)


def check_free(ports: Ports) -> None:
    """Raise CannotStart for the first port that cannot be had, naming its variable and who holds it."""
    for field in fields(ports):
        port: int = getattr(ports, field.name)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, port))
            except OSError as error:
                raise CannotStart(_why(error, port, variable(field.name))) from error


def _why(error: OSError, port: int, name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use{_holder(port)}: stop what uses it, or set {name} to another port."
    return f"Port {port} cannot be listened on ({error.strerror}): set {name} to another port."


def _holder(port: int) -> str:
    """Say which process listens on a port, where the system tells us."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listening = connection.status == psutil.CONN_LISTEN
            if listening and connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return ""
