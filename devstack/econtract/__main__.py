"""`python -m devstack.econtract`: the stand-in as a process of its own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from cli.secret_files import demo_key
from devstack.econtract.app import Service, create_app
from devstack.ports import LOOPBACK, read_ports
from settings import environment_with_secrets, parse_webhook_secret
from tenants import load_tenants


def main() -> None:
    """Serve the calls and the page where the environment says, until told to stop.

    That is loopback unless `JCAN_ECONTRACT_HOST` names another address; `JCAN_ECONTRACT_NAMES` are those by
    which it is called there.
    """
    host, port = os.environ.get("JCAN_ECONTRACT_HOST") or LOOPBACK, read_ports(os.environ).econtract
    app = create_app(service_in(environment_with_secrets()))
    uvicorn.run(app, host=host, port=port, access_log=False, timeout_graceful_shutdown=2)


def service_in(environment: Mapping[str, str]) -> Service:
    """Read what the service shares with the registration authority; ends the process where it is missing."""
    for name in ("JCAN_ECONTRACT_KEY", "JCAN_ECONTRACT_WEBHOOK_SECRET", "JCAN_WEB_ORIGIN"):
        if not environment.get(name):
            sys.exit(f"{name} is not set.")
    keys = {tenant: environment.get(demo_key(tenant), "") for tenant in load_tenants()}
    return Service(
        folder=Path(environment.get("JCAN_RUN_DIR") or ".run") / "econtract",
        key=environment["JCAN_ECONTRACT_KEY"],
        webhook_key=parse_webhook_secret(environment["JCAN_ECONTRACT_WEBHOOK_SECRET"]),
        front=environment["JCAN_WEB_ORIGIN"].rstrip("/"),
        api_keys={tenant: key for tenant, key in keys.items() if key},
        names=tuple(filter(None, environment.get("JCAN_ECONTRACT_NAMES", "").split(","))),
    )


if __name__ == "__main__":
    main()
