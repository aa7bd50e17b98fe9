"""Make the virtual environment from the hashed lock: run by any Python from 3.11 on, with nothing installed.

`python3 devstack/environment.py` does nothing, and needs no network, when the environment is already right. A
stamp is written last, so an installation that was interrupted is done again.
"""

import contextlib
import fcntl
import hashlib
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
_STAMP = HOME / "installed"
_MANIFEST = ROOT / "pyproject.toml"


class NotInstalled(Exception):
    """The environment could not be made; the text is a sentence."""


def main() -> int:
    """Make the environment unless it is right; return 0, or 1 after saying what is wrong."""
    try:
        if not _is_right():
            with _alone():
                if not _is_right():
                    _make()
    except NotInstalled as problem:
        print(f"\nNot installed: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"\nNot installed: {problem.filename or ROOT}: {problem.strerror}.", file=sys.stderr)
        return 1
    return 0


def fingerprint() -> str:
    """Return what the environment depends on, digested: the lock, the manifest, where it lies."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), _MANIFEST.read_bytes(), str(ROOT).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def pinned(lock: str, package: str) -> str:
    """Return the entry of one package in a lock, hashes included."""
    found = re.search(rf"^{re.escape(package)}==.*(?:\n .*)*", lock, re.MULTILINE)
    if found is None:
        raise NotInstalled(f"{LOCK.name} does not pin {package}.")
    return found.group() + "\n"


def _is_right() -> bool:
    if not _STAMP.exists() or _STAMP.read_text(encoding="ascii").strip() != fingerprint():
        return False
    return _works()


def _works() -> bool:
    """Tell whether the environment's Python starts: the one it was made from may be gone."""
    python = HOME / "bin" / "python"
    if not python.exists():
        return False
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time install; another waits here until the first is through."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make() -> None:
    _STAMP.unlink(missing_ok=True)
    print(f"Installing into {HOME} what {LOCK.name} pins (a minute or so, once) …", flush=True)
    if not _works() or not any(HOME.glob("lib/python*/site-packages/pip")):
        _make_venv()
    python = str(HOME / "bin" / "python")
    if not (_install_with_uv(python) or _install_with_pip(python)):
        raise NotInstalled(
            "neither uv nor pip could install what the lock pins; the lines above say why. "
            "With a package registry that answers, run the same command again."
        )
    _STAMP.write_text(fingerprint() + "\n", encoding="ascii")


def _make_venv() -> None:
    try:
        venv.create(HOME, clear=HOME.exists(), with_pip=True, symlinks=True)
    except (subprocess.CalledProcessError, ImportError) as problem:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise NotInstalled(
            f"this Python has no working venv module (on Debian: apt-get install python{version}-venv)."
        ) from problem


def _install_with_uv(python: str) -> bool:
    """Install with uv, itself pinned and checked; it takes seconds where pip takes half a minute."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as first:
        first.write(pinned(LOCK.read_text(encoding="utf-8"), "uv"))
        first.flush()
        if not _run([*_pip(python), "--require-hashes", "--no-deps", "-r", first.name]):
            return False
    uv = [python, "-m", "uv", "--quiet", "pip", "install", "--python", python]
    return _run([*uv, "--compile-bytecode", "--require-hashes", "-r", str(LOCK)]) and _install_ourselves(
        python
    )


def _install_with_pip(python: str) -> bool:
    return _run([*_pip(python), "--require-hashes", "-r", str(LOCK)]) and _install_ourselves(python)


def _install_ourselves(python: str) -> bool:
    """Install this repository itself, editable, with the locked setuptools: nothing more is fetched."""
    return _run([*_pip(python), "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT)])


def _pip(python: str) -> list[str]:
    return [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    ]


def _run(command: Sequence[str]) -> bool:
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
