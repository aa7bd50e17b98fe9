"""What holds for every request: headers, forms only from our own pages, an access log without secrets.

Pure ASGI middleware, outermost first: `Surface` (headers, log, last resort), `OwnForms`.
"""

import ipaddress
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Page = Callable[[Request], Response | Awaitable[Response]]

access = logging.getLogger("jcan.web.access")
log = logging.getLogger("jcan.web")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# 'self' and nothing else: no inline script or style, no other host, no frame, no plugin.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Surface:
    """Sets the headers that are not set yet, logs the request, answers what nobody caught."""

    def __init__(self, app: ASGIApp, *, secure: bool, broken: Page) -> None:
        """`broken` makes the page for an error that nobody caught."""
        self._app = app
        self._secure = secure
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except Exception as error:
            # Not log.exception: the message may quote a person.
            log.error("unexpected error at %s\n%s", _place(scope), trace_of(error))  # noqa: TRY400
            if status:
                raise
            response = self._broken(Request(scope, receive))
            page = await response if isinstance(response, Awaitable) else response
            await page(scope, receive, send_safely)
        finally:
            took = round((time.monotonic() - started) * 1000)
            access.info("%s %s %s %s ms", scope["method"], _place(scope), status, took)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class OwnForms:
    """Refuses a form that another site's page sent (cross-site request forgery).

    By Fetch Metadata (`Sec-Fetch-Site`); browsers without it are told by `Origin` (RFC 6454).
    A request with neither comes from no browser and carries nobody's cookies.
    """

    def __init__(self, app: ASGIApp, origin: str, refused: Page) -> None:
        """`origin`: our own; `refused` makes the page for a foreign form."""
        self._app = app
        self._origin = origin
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if self._is_own(request):
            await self._app(scope, receive, send)
            return
        response = self._refused(request)
        page = await response if isinstance(response, Awaitable) else response
        await page(scope, receive, send)

    def _is_own(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            # "none" is the person at the browser itself, a reload for instance.
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin")
        if origin is None or origin == self._origin:
            return True
        return urlsplit(origin).netloc == request.headers.get("host", "")


def trace_of(error: BaseException) -> str:
    """The kinds and places of an error and its causes, without their messages: those may quote a person."""
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        lines.append(type(seen).__qualname__)
        frames = traceback.extract_tb(seen.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines)


def network_of(request: Request) -> str:
    """The client's network, for rate limits: /24 of an IPv4 address, /64 of an IPv6 one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if isinstance(address, ipaddress.IPv4Address) else 64
    return str(ipaddress.ip_network((address, prefix), strict=False))


def _place(scope: Scope) -> str:
    """The route's pattern: of the query and the path only a tenant's name gets into a log."""
    route = scope.get("route")
    pattern = getattr(route, "path", None)
    if not isinstance(pattern, str):
        return "/static" if scope["path"].startswith("/static/") else "(no such page)"
    tenant = scope.get("path_params", {}).get("tenant")
    known = tenant in scope["app"].state.house.tenants
    place = pattern.replace("{tenant}", tenant) if known else pattern
    return f"{scope.get('root_path', '')}{place}"
