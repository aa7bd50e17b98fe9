"""The secrets of a stack, made once and kept in its run directory: without them its data cannot be read."""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from devstack.run_dir import write_privately
from settings import WEBHOOK_PREFIX

_KEY_BYTES = 32


def _keyring() -> str:
    return "1:" + base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii").rstrip("=")


def _password() -> str:
    return secrets.token_urlsafe(18)


def _webhook_secret() -> str:
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


_MADE_BY: Mapping[str, Callable[[], str]] = {
    "JCAN_MASTER_KEYS": _keyring,
    "JCAN_LINK_KEYS": _keyring,
    "JCAN_WEB_KEYS": _keyring,
    "JCAN_DIGEST_KEYS": _keyring,
    "JCAN_AUDIT_KEYS": _keyring,
    "JCAN_ECONTRACT_KEY": _password,
    "JCAN_ECONTRACT_WEBHOOK_SECRET": _webhook_secret,
    "JCAN_CA_HOOK_KEY": _password,
    "JCAN_DEMO_OPERATOR_USERNAME": lambda: "operator",
    "JCAN_DEMO_OPERATOR_PASSWORD": _password,
}


def api_key_variable(tenant: str) -> str:
    """Return the name under which a tenant's demo API key is kept."""
    return f"JCAN_DEMO_API_KEY_{tenant.upper().replace('-', '_')}"


def keep_secrets(path: Path, tenants: list[str]) -> dict[str, str]:
    """Read the secrets in `path`, make those that are missing, and return all of them by variable name."""
    makers = dict(_MADE_BY) | {api_key_variable(tenant): _password for tenant in tenants}
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


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}
