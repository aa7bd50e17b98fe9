"""`python -m devstack.mailbox`: the mail catcher as a process of its own."""

import os
from pathlib import Path

import uvicorn

from devstack.mailbox.pages import create_app
from devstack.ports import LOOPBACK, read_ports


def main() -> None:
    """Serve SMTP and the pages on the ports that the environment names, until told to stop."""
    ports = read_ports(os.environ)
    directory = Path(os.environ.get("JCAN_RUN_DIR") or ".run") / "mail"
    app = create_app(directory, ports.smtp)
    uvicorn.run(app, host=LOOPBACK, port=ports.mailbox, access_log=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
