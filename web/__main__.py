"""`python -m web`: the web front as a process, until it is told to stop."""

import gc
import sys

import uvicorn

from engine.temporal_settings import load_everything
from settings import SettingsError
from telemetry import logs

PATIENCE_SECONDS = 5
"""How long requests may take to end after the front was told to stop."""


def main() -> None:
    """Serve where the settings say; ends the process with a sentence for a wrong one."""
    try:
        settings, _temporal = load_everything()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    logs.set_up(settings.profile)
    gc.disable()  # while the application is loaded, which enables it
    uvicorn.run(
        "web.app:from_environment",
        factory=True,
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        # An access log would keep tokens (query strings).
        access_log=False,
        server_header=False,
        # A forwarded address could dodge rate limits: it is believed only from our own proxy.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )


if __name__ == "__main__":
    main()
