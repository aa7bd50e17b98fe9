"""Everything that stands behind the operators' sign-in."""

from fastapi import APIRouter, FastAPI

from web import codec, temporal_ui
from web.console import access, account, certificates, enrolment, lists, sign_in, tickets


def install(app: FastAPI) -> list[APIRouter]:
    """Have an application send strangers to the sign-in; give the pages, for it to include."""
    access.install(app)
    temporal_ui.install(app)
    parts = (temporal_ui, codec, sign_in, account, lists, enrolment, tickets, certificates)
    return [part.router for part in parts]


async def close(app: FastAPI) -> None:
    """Let go of what the pages hold."""
    await temporal_ui.close(app)
