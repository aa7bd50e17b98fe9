"""The secrets of a stack, made once and kept in its run directory: without them its data cannot be read."""

from collections.abc import Callable
from pathlib import Path

from cli.secret_files import SETTINGS, demo_settings, marked
from devstack.run_dir import write_privately


def keep_secrets(path: Path, tenants: list[str]) -> dict[str, str]:
    """Read the secrets in `path`, make those that are missing, and return all of them by variable name."""
    makers = {name: _for_a_demo(make) for name, make in SETTINGS.items()} | demo_settings(tenants)
    kept = _read(path)
    missing = {name: make() for name, make in makers.items() if name not in kept}
    if missing:
        known = kept | missing
        heading = (
            "# Made once for this stack. Whoever has this file can read everything that the stack encrypts."
        )
        write_privately(
            path, "\n".join([heading, *(f"{name}={value}" for name, value in known.items())]) + "\n"
        )
    return kept | missing


def _for_a_demo(make: Callable[[], str]) -> Callable[[], str]:
    return lambda: marked(make())


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}
