"""What holds for every request: headers, forms only from our own pages, an access log without secrets.

Pure ASGI middleware, outermost first: `Surface` (headers, log, metrics, last resort), `OwnForms`.
"""

import ipaddress
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from telemetry.logs import logger
from telemetry.metrics import REQUEST_SECONDS, REQUESTS

Page = Callable[[Request], Response | Awaitable[Response]]

access = logger("jcan.web.access")
log = logger("jcan.web")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_PROBES = frozenset({"/healthz", "/readyz"})
_OK = 200

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
    """Sets the headers that are not set yet, tells of the request, answers what nobody caught."""

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
        clear_contextvars()
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
        except Exception:
            log.exception("unexpected error", route=_route(scope))
            if status:
                raise
            response = self._broken(Request(scope, receive))
            page = await response if isinstance(response, Awaitable) else response
            await page(scope, receive, send_safely)
        finally:
            _tell(scope, status, time.monotonic() - started)

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


def concerns(reference: str) -> None:
    """Have every line that is logged of this request from now on name an enrolment that there is."""
    bind_contextvars(reference=reference)


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


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """Count the request, and log it unless it is a probe's that found all well."""
    route = _route(scope)
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(route, method, str(status)).inc()
    REQUEST_SECONDS.labels(route, method).observe(seconds)
    if route in _PROBES and status == _OK:
        return
    tenant = scope.get("path_params", {}).get("tenant")
    whose = {"tenant": tenant} if tenant in scope["app"].state.house.tenants else {}
    access.info("request", method=method, route=route, status=status, ms=round(seconds * 1000), **whose)


def _route(scope: Scope) -> str:
    """The route's pattern: what stands in the places of the path, and in the query, is nobody's business."""
    pattern = getattr(scope.get("route"), "path", None)
    if not isinstance(pattern, str):
        return "/static" if scope["path"].startswith("/static/") else "(no such page)"
    return f"{scope.get('root_path', '')}{pattern}"
