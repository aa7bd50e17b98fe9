"""Whether the stack's ports are free, before anything starts."""

import contextlib
import errno
import socket
from collections.abc import Mapping
from dataclasses import fields, replace

import psutil

from devstack.failures import CannotStart
from devstack.ports import LOOPBACK, METRICS, Ports, variable

_LOOKED_AT = 100  # ports, from the usual one on


def step_aside(ports: Ports, environment: Mapping[str, str]) -> Ports:
    """Choose other ports for the metrics where nobody has named one and the usual one is taken.

    A second stack is to start on other ports without anybody's thinking of these.
    """
    for name in METRICS:
        if environment.get(variable(name), "").strip():
            continue
        usual: int = getattr(ports, name)
        others = {getattr(ports, field.name) for field in fields(ports) if field.name != name}
        near = (port for port in range(usual, usual + _LOOKED_AT) if port not in others)
        free = next((port for port in near if _refusal(port) is None), usual)
        ports = replace(ports, **{name: free})
    return ports


def check_free(ports: Ports) -> None:
    """Raise CannotStart for the first port that cannot be had, naming its variable and who holds it."""
    for field in fields(ports):
        port: int = getattr(ports, field.name)
        error = _refusal(port)
        if error is not None:
            raise CannotStart(_why(error, port, variable(field.name))) from error


def _refusal(port: int) -> OSError | None:
    """Try to have a port; what the system says if it cannot be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            return error
    return None


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
