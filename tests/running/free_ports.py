"""Ports for what a test starts."""

import random
import socket
from contextlib import ExitStack, suppress

from devstack.ports import LOOPBACK


def free_ports(count: int) -> list[int]:
    """Give ports that nobody has now.

    They lie below those that a system chooses by itself (for outgoing connections, and for servers that ask
    for any port), so nobody takes one before it is used, or while its server is down.
    """
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            with suppress(OSError):
                port = random.randrange(20_000, 32_000)
                held.enter_context(socket.create_server((LOOPBACK, port)))
                ports.append(port)
        return ports
