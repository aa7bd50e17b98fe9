"""The settings of the demo stack that `make run` has running, for a `jcan` that was given none."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from settings import Settings, load_settings

_FROM_READY = {
    "JCAN_DATABASE_URL": "database",
    "TEMPORAL_ADDRESS": "temporal",
    "TEMPORAL_NAMESPACE": "namespace",
    "JCAN_WEB_ORIGIN": "web",
    "JCAN_ECONTRACT_URL": "econtract",
}


def settings() -> Settings:
    """Give the environment's settings, or else those of the stack in `JCAN_RUN_DIR` (`.run`).

    Raises SettingsError.
    """
    adopt()
    return load_settings()


def adopt() -> None:
    """Take over the environment of the stack in `JCAN_RUN_DIR`, unless we have one of our own."""
    if "JCAN_DATABASE_URL" not in os.environ and os.environ.get("JCAN_PROFILE", "demo") == "demo":
        stack = _of_stack(Path(os.environ.get("JCAN_RUN_DIR") or ".run"))
        if stack:
            # Its database and somebody else's Temporal would not go together.
            for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
                del os.environ[name]
        for name, value in stack.items():
            os.environ.setdefault(name, value)


def _of_stack(run_dir: Path) -> dict[str, str]:
    """Read what a running stack says of itself; empty when none runs there."""
    try:
        ready: Mapping[str, str] = json.loads((run_dir / "ready.json").read_text(encoding="utf-8"))
        lines = (run_dir / "secrets.env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    secrets = {name: value for name, equals, value in pairs if equals}
    where = {
        "JCAN_RUN_DIR": str(run_dir.absolute()),
        "JCAN_CA_DIR": str(run_dir.absolute() / "ca"),
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }
    return secrets | where | {name: ready[key] for name, key in _FROM_READY.items()}
