"""Everything that stands behind the operators' sign-in."""

from fastapi import FastAPI

from web import codec, temporal_ui
from web.console import access, account, certificates, enrolment, lists, sign_in, tickets


def install(app: FastAPI) -> None:
    """Add the pages to an application, ahead of the tenants' pages, which take any first segment."""
    access.install(app)
    temporal_ui.install(app)
    for part in (codec, sign_in, account, lists, enrolment, tickets, certificates):
        app.include_router(part.router)


async def close(app: FastAPI) -> None:
    """Let go of what the pages hold."""
    await temporal_ui.close(app)
