"""Whether the stack's ports are free, before anything starts."""

import contextlib
import errno
import socket
from dataclasses import fields

import psutil

from devstack.failures import CannotStart
from devstack.ports import LOOPBACK, Ports, variable


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
