"""`/api/v1`: what an e-contract service calls. An application of its own below the pages'.

`/api/v1/openapi.json` describes it, `/api/v1/docs` shows that to people.
"""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.logs import logger
from web import api_enrolments, api_launch, api_problems, api_revocation
from web.api_problems import PLACE, ApiProblem, problem
from web.house import House, house_of
from web.pages import render

log = logger("jcan.web")

VERSION = "1.0.0"
BODY_MAXIMUM = 64 * 1024
"""Bytes of a request's body."""

_ABOUT = """\
What an e-contract service calls to send people in, to see where their enrolments stand, and to hand in what
a principal decided about an agent's application.

Every call needs the tenant's key: `Authorization: Bearer …`. Whatever is not done is told as problem details
(RFC 9457) with a stable `type`. Moments are in UTC. A key may call 600 times a minute; after that the answer
is 429 with `Retry-After`.

**Events.** On every change of an enrolment's stage we POST to `{your base}/events`, signed as Standard
Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`), in order for each enrolment, and again
until you answer 2xx; redirects are not followed. The body is `{"type": "enrolment.stage_changed",
"timestamp": …, "data": {"reference", "tenant", "stage", "outcome", "serial"}}`; it names nobody.
"""

_PARTS = (api_launch.router, api_enrolments.router, api_revocation.router)

pages = APIRouter(include_in_schema=False)


@pages.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(document(house_of(request).settings.web_origin, request.app))


@pages.get("/docs")
async def docs(request: Request) -> Response:
    """The same for people, without anything from another host."""
    described = document(house_of(request).settings.web_origin, request.app)
    calls = [
        {"method": method.upper(), "path": path, **call}
        for path, methods in described["paths"].items()
        for method, call in methods.items()
    ]
    problems = [(code, *kind) for code, kind in api_problems.KINDS.items()]
    return render(request, "api_docs.html", calls=calls, about=_ABOUT, place=PLACE, problems=problems)


def create_api(house: House) -> FastAPI:
    """The API over the house's rooms."""
    api = FastAPI(title="JCAN", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    api.state.house = house
    api_problems.install(api)
    api.add_middleware(Edge)
    for part in (*_PARTS, pages):
        api.include_router(part)
    return api


def document(origin: str, api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the API at an origin."""
    described = get_openapi(
        title="JCAN certificate enrolment",
        version=VERSION,
        description=_ABOUT,
        routes=api.routes,
        servers=[{"url": f"{origin}{PLACE}"}],
    )
    schemas: dict[str, Any] = described["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = api_problems.SCHEMA
    return described


class Edge:
    """Refuses a body larger than any honest one before it is read whole, and answers what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        seen, started = 0, False

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_MAXIMUM:
                raise HTTPException(413)
            return message

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except Exception:
            if started:
                raise
            log.exception("unexpected error in the API")
            answer = problem(house_of(Request(scope)), ApiProblem("broken"))
            await answer(scope, receive, send)
