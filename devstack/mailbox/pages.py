"""The pages: the list, one mail, and the same for scripts as JSON."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.trustedhost import TrustedHostMiddleware

from devstack.mailbox import letters
from devstack.mailbox.catcher import Catcher, smtp_session
from devstack.mailbox.words import words
from devstack.ports import LOOPBACK

_HERE = Path(__file__).parent
_SHOWN = 200
_JAPAN = ZoneInfo("Asia/Tokyo")
_PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'"
# A mail is shown, never run: no scripts, no requests, and its links open outside of the frame.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
_YEAR = 365 * 24 * 3600

_templates = Jinja2Templates(_HERE / "templates")
_templates.env.filters["japan"] = lambda moment: moment.astimezone(_JAPAN).strftime("%Y-%m-%d %H:%M:%S JST")
_templates.env.filters["pieces"] = letters.split_at_links


def create_app(directory: Path, smtp_port: int) -> FastAPI:
    """Make the application: pages over the Maildir `directory`, and SMTP beside them while it runs."""

    @asynccontextmanager
    async def smtp(_: FastAPI) -> AsyncIterator[None]:
        catcher = Catcher(directory)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: smtp_session(catcher), LOOPBACK, smtp_port)
        async with server:
            yield

    app = FastAPI(lifespan=smtp, openapi_url=None)
    # A page on the web that lends its own name to 127.0.0.1 reads no mail here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    app.middleware("http")(_quiet_headers)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    _add_pages(app, directory)
    _add_data(app, directory)
    return app


def _add_pages(app: FastAPI, directory: Path) -> None:
    @app.get("/")
    def index(request: Request) -> Response:
        return _page(request, "list.html", letters=letters.newest_first(directory, _SHOWN))

    @app.get("/messages/{key}")
    def message(request: Request, key: str) -> Response:
        letter = letters.find(directory, key)
        if letter is None:
            return _page(request, "missing.html", status=404)
        return _page(request, "message.html", letter=letter)

    @app.get("/messages/{key}/html")
    def html(key: str) -> Response:
        letter = letters.find(directory, key)
        if letter is None or letter.html is None:
            return PlainTextResponse("404", status_code=404)
        return HTMLResponse(_links_outside(letter.html), headers={"Content-Security-Policy": _MAIL_POLICY})

    @app.get("/messages/{key}/source")
    def source(key: str) -> Response:
        letter = letters.find(directory, key)
        if letter is None:
            return PlainTextResponse("404", status_code=404)
        return PlainTextResponse(letter.source.decode("utf-8", "replace"))


def _add_data(app: FastAPI, directory: Path) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return PlainTextResponse("ok")

    @app.get("/newest.json")
    def newest() -> Response:
        return JSONResponse({"id": letters.newest_key(directory)})

    @app.get("/messages.json")
    def messages(to: str = "", limit: Annotated[int, Query(ge=1)] = _SHOWN) -> Response:
        found = letters.newest_first(directory, limit)
        return JSONResponse([_described(letter) for letter in found if to.lower() in letter.to.lower()])


def _described(letter: letters.Letter) -> dict[str, object]:
    return {
        "id": letter.key,
        "received": letter.received.isoformat(),
        "from": letter.sender,
        "to": letter.to,
        "subject": letter.subject,
        "message_id": letter.message_id,
        "text": letter.text,
        "html": letter.html,
        "links": letter.links,
    }


def _page(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    asked = request.query_params.get("lang")
    chosen = words(asked, request.cookies.get("lang"), request.headers.get("accept-language", ""))
    response = _templates.TemplateResponse(request, template, {"w": chosen, **context}, status_code=status)
    response.headers["Content-Security-Policy"] = _PAGE_POLICY
    if asked == chosen["lang"]:
        response.set_cookie("lang", asked, max_age=_YEAR, samesite="lax", httponly=True)
    return response


def _links_outside(html: str) -> str:
    """Have the links of a mail open in a window of their own: pages refuse to be shown in a frame."""
    base = '<base target="_blank">'
    changed, times = re.subn(
        r"<head[^>]*>", lambda head: head.group() + base, html, count=1, flags=re.IGNORECASE
    )
    return changed if times else base + html


async def _quiet_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
