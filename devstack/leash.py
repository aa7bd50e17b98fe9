"""Keep children from outliving the process that started them, even when it is killed with -9."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def leash(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send `death_signal` to the child when its parent dies.

    Linux only (prctl(2)); None elsewhere, where the next start clears up instead. The signal comes when the
    thread that started the child ends, so start children from the main thread. A change of user clears it; a
    `preexec_fn` runs after that.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind_to_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return bind_to_parent
