"""The user that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.failures import CannotStart

_USUAL_NAMES = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """A user and group of this machine."""

    uid: int
    gid: int

    def owns(self, path: Path) -> bool:
        """Tell whether this user owns `path` itself (a symbolic link is not followed)."""
        return path.lstat().st_uid == self.uid


def unprivileged(data: Path) -> Account | None:
    """Return the user to run PostgreSQL as, or None when it is the present one.

    As root: the owner of `data` if that is somebody else (earlier runs wrote it), otherwise a usual system
    user. Raises CannotStart when this machine has none.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _USUAL_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "PostgreSQL does not run as root and this machine has no user named " + ", ".join(_USUAL_NAMES) + "."
    )


def run_as(
    account: Account | None, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end as `account` (None: the present user), its output captured."""
    return subprocess.run(
        [str(part) for part in command],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )


def can_enter(account: Account | None, directory: Path) -> bool:
    """Tell whether the user can reach and enter `directory`, every folder above it included."""
    if account is None:
        return os.access(directory, os.X_OK)
    return run_as(account, ["/bin/sh", "-c", 'cd "$0"', directory]).returncode == 0
