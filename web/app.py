"""The web front's application. Run: `python -m web`."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from engine import runtime
from engine.certificates import CertificateDesk
from engine.client import Connection
from engine.enrolments import EnrolmentDesk
from engine.temporal_settings import TemporalSettings, load_everything
from records.database import Database
from records.vault import Vault
from settings import Settings, SettingsError
from telemetry import logs
from telemetry.exposition import exposed
from tenants import load_tenants
from web import (
    api,
    application,
    approval,
    failures,
    front,
    hooks,
    launch,
    links,
    local_ca,
    manual,
    pictures,
    readiness,
    registration,
    renewal,
    resend,
    revocation,
    revocation_links,
    status,
)
from web.api_problems import PLACE
from web.console import routes as console
from web.house import Desk, House, Registry
from web.i18n import LanguageChoice
from web.pages import STATIC, templates
from web.places import Places
from web.safety import OwnForms, Surface
from web.sealing import Sealer

_OF_NO_TENANT = (readiness, hooks, local_ca)
# They take any first segment. A path is tried on one after the other: what most people open comes first.
_OF_TENANTS = (
    front,
    registration,
    pictures,
    resend,
    application,
    status,
    approval,
    links,
    launch,
    manual,
    revocation,
    revocation_links,
    renewal,
)


class CachedFiles(StaticFiles):
    """Static files; an address that carries the file's digest is good for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with its cache headers."""
        response = await super().get_response(path, scope)
        by_digest = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if by_digest else "public, max-age=60"
        )
        return response


def create_app(
    settings: Settings,
    temporal: TemporalSettings | None = None,
    desk: Desk | None = None,
    registry: Registry | None = None,
    database: Database | None = None,
) -> FastAPI:
    """The application; tests put `desk` and `registry` in the engine's place, and share a `database`."""
    temporal = temporal or TemporalSettings()
    database = database or Database(settings.database_url)
    vault = Vault(database, settings.master_keyring)
    tenants = load_tenants()
    connection = Connection(temporal, vault, database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with exposed(settings, readiness.reach(app)):
            yield
        await console.close(app)
        await database.close()

    app = FastAPI(
        title="JCAN",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.house = House(
        settings=settings,
        tenants=tenants,
        database=database,
        vault=vault,
        desk=desk or EnrolmentDesk(connection, database, settings, tenants),
        registry=registry or CertificateDesk(connection, database, vault, settings),
        templates=templates(),
        sealer=Sealer(settings.web_keyring),
        namespace=temporal.namespace,
    )
    readiness.install(app)
    secure = settings.web_origin.startswith("https:")
    # The last one added is the outermost.
    app.add_middleware(OwnForms, origin=settings.web_origin, refused=failures.foreign_form)
    app.add_middleware(LanguageChoice, secure=secure)
    app.add_middleware(Surface, secure=secure, broken=failures.broken)
    failures.install(app)
    app.mount("/static", CachedFiles(directory=STATIC))
    app.mount(PLACE, api.create_api(app.state.house))
    app.router.routes.append(Places([*console.install(app), *(part.router for part in _OF_NO_TENANT)]))
    for part in _OF_TENANTS:
        app.include_router(part.router)
    return app


def from_environment() -> FastAPI:
    """The application for the environment's settings; ends the process with a sentence for a wrong one."""
    try:
        settings, temporal = load_everything()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    logs.set_up(settings.profile)
    runtime.start(measured=settings.metrics_port is not None)
    app = create_app(settings, temporal)
    # What is loaded stays: looking for garbage in it would only cost time.
    gc.freeze()
    gc.enable()
    return app
