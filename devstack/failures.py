"""What can keep the stack from starting, each a sentence for the person who typed the command."""

import errno
from pathlib import Path


class CannotStart(Exception):
    """The stack, or a part of it, cannot start; the text is one sentence that names what is wrong."""


def explain_os_error(error: OSError, place: Path) -> CannotStart:
    """Turn an error of the operating system, met while working in `place`, into a sentence."""
    where = error.filename or place
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return CannotStart(f"The disk that holds {where} is full: make room and start again.")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return CannotStart(
                f"{where} cannot be used by this user: change its owner, or set JCAN_RUN_DIR to another one."
            )
        case errno.ENOTDIR | errno.EEXIST:
            return CannotStart(
                f"{where} is in the way: a folder is needed there. Set JCAN_RUN_DIR to another one."
            )
        case _:
            return CannotStart(f"{where}: {error.strerror or error}.")
