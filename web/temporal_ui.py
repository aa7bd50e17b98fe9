"""`/temporal`: the Temporal UI behind the console's sign-in, on the web front's own origin.

The UI's own port is bound to loopback. What goes there: the request without our cookies; what comes back: the
answer without cookies other than the UI's own against forged requests, which is kept to these pages.
"""

import re
from collections.abc import Iterable
from typing import cast

import httpx
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette import status
from starlette.background import BackgroundTask

from domain.workflow_ids import reference_in
from records.operators import Operator
from web.console.access import HOME, Administrator, note
from web.house import house_of
from web.i18n import _
from web.pages import Action, message
from web.safety import SAFE_METHODS

router = APIRouter(prefix="/temporal")

CSRF_COOKIE = "_csrf"
MAXIMUM_BODY = 8 * 1024 * 1024
NAMED_RUNS = 50
"""How many runs an audit entry names; a batch may be over more, and is then a query in Temporal itself."""
_PASSED_ON = frozenset(
    {"accept", "accept-encoding", "accept-language", "caller-type", "content-type", "x-csrf-token"}
)
_PASSED_BACK = frozenset(
    {
        *("cache-control", "content-disposition", "content-encoding", "content-length"),
        *("content-security-policy", "content-type", "etag", "last-modified", "location", "vary"),
    }
)
# The UI is an application of inline scripts and styles, and shows Markdown in a frame; all on this origin.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_FOR_A_YEAR = "private, max-age=31536000, immutable"
_PATIENCE = httpx.Timeout(60, connect=5)
# Ids of runs of ours, in a path and in what is posted as JSON.
_RUN = r"(?:enrolment|retention|certificate)-[0-9A-Za-z]{1,40}"
_IN_PATH = re.compile(rf"/workflows/({_RUN})(?:/|$)")
_IN_BODY = re.compile(rf'"workflow_?id"\s*:\s*"({_RUN})"'.encode(), re.IGNORECASE)
_LONGEST_PATH = 200


def install(app: FastAPI) -> None:
    """Give the application its way to the UI, made when somebody first takes it; `close` ends it."""
    app.state.temporal_ui = None


async def close(app: FastAPI) -> None:
    """Let go of the connections to the UI."""
    if app.state.temporal_ui is not None:
        await app.state.temporal_ui.aclose()


def _ui(request: Request) -> httpx.AsyncClient:
    state = request.app.state
    if state.temporal_ui is None:
        state.temporal_ui = httpx.AsyncClient(
            base_url=state.house.settings.temporal_ui, timeout=_PATIENCE, trust_env=False
        )
    return cast(httpx.AsyncClient, state.temporal_ui)


@router.api_route("", methods=["GET", "HEAD"])
@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def pass_on(request: Request, operator: Administrator) -> Response:
    """The UI's answer. 401 for strangers, 403 for reviewers, 502 while the UI does not answer."""
    changing = request.method not in SAFE_METHODS
    body = await _body(request) if changing else b""
    if changing:
        await _note(request, operator, body)
    ui = _ui(request)
    try:
        answer = await ui.send(_request(ui, request, body), stream=True)
    except httpx.TransportError:
        return _away(request)
    response = StreamingResponse(
        answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    if "/_app/immutable/" in request.url.path:
        response.headers["Cache-Control"] = _FOR_A_YEAR
    for name, value in answer.headers.items():
        if name in _PASSED_BACK:
            response.headers[name] = value
    for cookie in _csrf_cookies(answer.headers.get_list("set-cookie")):
        secure = house_of(request).settings.web_origin.startswith("https:")
        response.set_cookie(CSRF_COOKIE, cookie, path="/temporal", samesite="strict", secure=secure)
    return response


async def _body(request: Request) -> bytes:
    """What was sent; 413 for more than Temporal would take."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE)
    return bytes(body)


def _request(ui: httpx.AsyncClient, request: Request, body: bytes) -> httpx.Request:
    headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
    token = request.cookies.get(CSRF_COOKIE)
    if token:
        headers["cookie"] = f"{CSRF_COOKIE}={token}"
    target = ui.base_url.copy_with(raw_path=_path(request) + _query(request))
    return ui.build_request(request.method, target, headers=headers, content=body)


def _path(request: Request) -> bytes:
    """The path as it came in: an encoded slash belongs to a workflow's id."""
    path: bytes = request.scope["raw_path"]
    # The UI server puts this one page, which shows Markdown, twice below its public path (2.54).
    return b"/temporal" + path if path == b"/temporal/render" else path


def _query(request: Request) -> bytes:
    query: bytes = request.scope["query_string"]
    return b"?" + query if query else b""


def _csrf_cookies(cookies: Iterable[str]) -> set[str]:
    """The value of the UI's own cookie; it is set twice."""
    pairs = (cookie.partition(";")[0].partition("=") for cookie in cookies)
    return {value for name, _equals, value in pairs if name.strip() == CSRF_COOKIE}


async def _note(request: Request, operator: Operator, body: bytes) -> None:
    """Write down what an administrator does there, and to which runs; a query of the UI's changes nothing."""
    path = request.url.path.removeprefix("/temporal")
    if "/query/" in path:
        return
    runs = sorted({*_IN_PATH.findall(path), *(run.decode() for run in _IN_BODY.findall(body))})
    references = {reference_in(run) for run in runs}
    await note(
        request,
        operator.actor,
        "temporal_request",
        references.pop() if len(references) == 1 else None,
        method=request.method,
        path=path[:_LONGEST_PATH],
        runs=" ".join(runs[:NAMED_RUNS]) or None,
    )


def _away(request: Request) -> Response:
    if "/api/" in request.url.path:
        return JSONResponse({"message": "the Temporal UI does not answer"}, status.HTTP_502_BAD_GATEWAY)
    return message(
        request,
        _("Temporalの画面につながりません"),
        [_("Temporalが停止しているか、起動しているところです。しばらくしてから、もう一度お試しください。")],
        status_code=status.HTTP_502_BAD_GATEWAY,
        kind="wrong",
        actions=[Action(_("コンソールへ"), HOME)],
    )
