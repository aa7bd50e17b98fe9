"""`python -m devstack.econtract`: the stand-in as a process of its own."""

import os
import sys
from pathlib import Path

import uvicorn

from devstack.econtract.app import create_app
from devstack.ports import LOOPBACK, read_ports


def main() -> None:
    """Serve the calls and the page on the port that the environment names, until told to stop."""
    key = os.environ.get("JCAN_ECONTRACT_KEY", "")
    if not key:
        sys.exit("JCAN_ECONTRACT_KEY is not set.")
    folder = Path(os.environ.get("JCAN_RUN_DIR") or ".run") / "econtract"
    port = read_ports(os.environ).econtract
    uvicorn.run(
        create_app(folder, key), host=LOOPBACK, port=port, access_log=False, timeout_graceful_shutdown=2
    )


if __name__ == "__main__":
    main()
