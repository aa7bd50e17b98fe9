"""The settings of the demo stack that `make run` has running, for a `jcan` that was given none."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from settings import Settings, load_settings

_FROM_READY = {
    "JCAN_DATABASE_URL": "database",
    "JCAN_TEMPORAL_ADDRESS": "temporal",
    "JCAN_TEMPORAL_NAMESPACE": "namespace",
    "JCAN_WEB_ORIGIN": "web",
    "JCAN_ECONTRACT_URL": "econtract",
}


def settings() -> Settings:
    """Give the environment's settings, or else those of the stack in `JCAN_RUN_DIR` (`.run`).

    Raises SettingsError.
    """
    if "JCAN_DATABASE_URL" not in os.environ and os.environ.get("JCAN_PROFILE", "demo") == "demo":
        for name, value in _of_stack(Path(os.environ.get("JCAN_RUN_DIR") or ".run")).items():
            os.environ.setdefault(name, value)
    return load_settings()


def _of_stack(run_dir: Path) -> dict[str, str]:
    """Read what a running stack says of itself; empty when none runs there."""
    try:
        ready: Mapping[str, str] = json.loads((run_dir / "ready.json").read_text(encoding="utf-8"))
        lines = (run_dir / "secrets.env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    secrets = {name: value for name, equals, value in pairs if equals}
    where = {"JCAN_RUN_DIR": str(run_dir.absolute()), "JCAN_CA_DIR": str(run_dir.absolute() / "ca")}
    return secrets | where | {name: ready[key] for name, key in _FROM_READY.items()}
