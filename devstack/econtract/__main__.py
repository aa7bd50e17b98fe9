"""`python -m devstack.econtract`: the stand-in as a process of its own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from devstack.econtract.app import Service, create_app
from devstack.ports import LOOPBACK, read_ports
from devstack.secrets_file import api_key_variable
from settings import parse_webhook_secret
from tenants import load_tenants


def main() -> None:
    """Serve the calls and the page on the port that the environment names, until told to stop."""
    port = read_ports(os.environ).econtract
    app = create_app(service_in(os.environ))
    uvicorn.run(app, host=LOOPBACK, port=port, access_log=False, timeout_graceful_shutdown=2)


def service_in(environment: Mapping[str, str]) -> Service:
    """Read what the service shares with the registration authority; ends the process where it is missing."""
    for name in ("JCAN_ECONTRACT_KEY", "JCAN_ECONTRACT_WEBHOOK_SECRET", "JCAN_WEB_ORIGIN"):
        if not environment.get(name):
            sys.exit(f"{name} is not set.")
    keys = {tenant: environment.get(api_key_variable(tenant), "") for tenant in load_tenants()}
    return Service(
        folder=Path(environment.get("JCAN_RUN_DIR") or ".run") / "econtract",
        key=environment["JCAN_ECONTRACT_KEY"],
        webhook_key=parse_webhook_secret(environment["JCAN_ECONTRACT_WEBHOOK_SECRET"]),
        front=environment["JCAN_WEB_ORIGIN"].rstrip("/"),
        api_keys={tenant: key for tenant, key in keys.items() if key},
    )


if __name__ == "__main__":
    main()
