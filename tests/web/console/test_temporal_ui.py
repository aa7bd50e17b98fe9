"""The Temporal UI behind the sign-in: what goes there, what comes back, who gets nothing."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import select

from records.database import Database
from records.operators import Role
from records.tables import AuditEntry
from tests.web.conftest import Visitor
from tests.web.console.conftest import SignIn, actions
from web.temporal_ui import MAXIMUM_BODY

RUN = "/temporal/namespaces/default/workflows/enrolment-0123456789ABC"
SIGNAL = "/temporal/api/v1/namespaces/default/workflows/enrolment-0123456789ABC/signal/decide_review"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class FakeUi:
    """Stands where the UI is, and notes what reaches it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.app = FastAPI()
        self.app.add_api_route("/{path:path}", self.answer, methods=["GET", "POST", "PUT", "DELETE"])

    async def answer(self, request: Request) -> Response:
        """Answer like the UI: with its cookie twice, and headers that must not pass."""
        target = request.scope["raw_path"].decode() + "?" + request.url.query
        self.requests.append((request.method, target, dict(request.headers), await request.body()))
        response = Response("<p>the UI</p>", media_type="text/html", headers={"X-Secret": "1"})
        response.headers.append("set-cookie", "_csrf=abc; Path=/; SameSite=Strict")
        response.headers.append("set-cookie", "_csrf=abc; Path=/; SameSite=Strict")
        response.headers.append("set-cookie", "jcan_operator=stolen; Path=/")
        return response


@pytest.fixture
async def ui(app: FastAPI) -> AsyncIterator[FakeUi]:
    """The UI that the front passes requests on to."""
    fake = FakeUi()
    transport = httpx.ASGITransport(app=fake.app)
    app.state.temporal_ui = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8233")
    yield fake
    await app.state.temporal_ui.aclose()


async def test_a_stranger_gets_the_sign_in_page_with_401_and_scripts_get_json(
    visitor: Visitor, ui: FakeUi
) -> None:
    page = await visitor.get(RUN)
    assert page.status == 401
    assert page.value("next") == RUN
    answer = await visitor.client.get("/temporal/api/v1/namespaces")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json")
    assert (await visitor.client.get("/temporal")).status_code == 401
    assert (await visitor.client.get("/temporal/_app/immutable/x.js")).status_code == 401
    assert ui.requests == []


async def test_a_reviewer_gets_403(sign_in: SignIn, ui: FakeUi) -> None:
    reviewer = await sign_in(role=Role.REVIEWER)
    assert (await reviewer.get(RUN)).status == 403
    assert (await reviewer.client.post(SIGNAL, headers=SAME_ORIGIN)).status_code == 403
    assert ui.requests == []


async def test_our_cookies_stay_here_and_the_uis_own_passes(sign_in: SignIn, ui: FakeUi) -> None:
    inside = await sign_in()
    first = await inside.client.get(f"{RUN}?a=%2F&b")
    cookies = first.headers.get_list("set-cookie")
    assert len(cookies) == 1
    assert cookies[0].startswith("_csrf=abc;")
    assert "Path=/temporal" in cookies[0]
    assert "x-secret" not in first.headers
    await inside.client.get("/temporal", headers={"Authorization": "Bearer x", "Accept-Language": "ja"})
    method, target, headers, _body = ui.requests[1]
    assert (method, target) == ("GET", "/temporal?")
    assert headers["cookie"] == "_csrf=abc"
    assert headers["accept-language"] == "ja"
    assert "authorization" not in headers
    assert ui.requests[0][1] == f"{RUN}?a=%2F&b"


async def test_an_encoded_slash_in_an_id_stays_encoded(sign_in: SignIn, ui: FakeUi) -> None:
    inside = await sign_in()
    await inside.client.get("/temporal/namespaces/default/workflows/a%2Fb")
    assert ui.requests[0][1] == "/temporal/namespaces/default/workflows/a%2Fb?"


async def test_the_page_that_shows_markdown_is_asked_for_where_the_ui_has_it(
    sign_in: SignIn, ui: FakeUi
) -> None:
    inside = await sign_in()
    answer = await inside.client.get("/temporal/render?content=a")
    assert ui.requests[0][1] == "/temporal/temporal/render?content=a"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


async def test_a_signal_passes_with_its_body_and_is_written_down(
    sign_in: SignIn, ui: FakeUi, database: Database
) -> None:
    inside = await sign_in()
    await inside.client.post(SIGNAL, json={"input": 1}, headers=SAME_ORIGIN | {"X-CSRF-Token": "abc"})
    method, target, headers, body = ui.requests[0]
    assert (method, target, body) == ("POST", f"{SIGNAL}?", b'{"input":1}')
    assert headers["x-csrf-token"] == "abc"
    assert (await actions(database))[-1] == ("operator:tanaka", "temporal_request")
    query = SIGNAL.replace("signal/decide_review", "query/status")
    await inside.client.post(query, json={}, headers=SAME_ORIGIN)
    assert len([action for _actor, action in await actions(database) if action == "temporal_request"]) == 1


@pytest.mark.parametrize(
    ("body", "reference", "runs"),
    [
        (
            b'{"execution": {"workflowId": "enrolment-0123456789ABC"}}',
            "0123456789ABC",
            "enrolment-0123456789ABC",
        ),
        (b'{"execution":{"workflow_id":"certificate-0a1b"}}', None, "certificate-0a1b"),
        (
            b'[{"workflowId": "enrolment-0123456789ABC"}, {"workflowId": "retention-ZZZZZZZZZZZZZ"}]',
            None,
            "enrolment-0123456789ABC retention-ZZZZZZZZZZZZZ",
        ),
        (b'{"workflowId": "taro.takahashi@example.jp"}', None, None),
        (b"\xff", None, None),
    ],
)
async def test_the_runs_that_are_named_only_in_what_is_posted_are_written_down_too(
    sign_in: SignIn, ui: FakeUi, database: Database, body: bytes, reference: str | None, runs: str | None
) -> None:
    inside = await sign_in()
    address = "/temporal/api/v1/namespaces/default/activities-deprecated/reset"
    await inside.client.post(address, content=body, headers=SAME_ORIGIN)
    assert ui.requests[0][3] == body
    async with database.begin() as session:
        query = select(AuditEntry).where(AuditEntry.action == "temporal_request")
        entry = (await session.scalars(query)).one()
    assert (entry.reference, entry.facts["runs"]) == (reference, runs)


async def test_more_than_temporal_would_take_is_refused(sign_in: SignIn, ui: FakeUi) -> None:
    inside = await sign_in()
    answer = await inside.client.post(SIGNAL, content=b" " * (MAXIMUM_BODY + 1), headers=SAME_ORIGIN)
    assert answer.status_code == 413
    assert ui.requests == []


async def test_another_sites_page_cannot_signal(sign_in: SignIn, ui: FakeUi) -> None:
    inside = await sign_in()
    answer = await inside.client.post(SIGNAL, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert ui.requests == []


async def test_while_the_ui_is_away_the_page_says_so(app: FastAPI, sign_in: SignIn) -> None:
    inside = await sign_in()

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    app.state.temporal_ui = httpx.AsyncClient(
        transport=httpx.MockTransport(refuse), base_url="http://127.0.0.1:8233"
    )
    page = await inside.get(RUN)
    assert page.status == 502
    assert "Temporalの画面につながりません" in page.text
    assert (await inside.client.get("/temporal/api/v1/settings")).status_code == 502


async def test_the_uis_own_files_may_be_kept_by_the_browser_and_nothing_else(
    sign_in: SignIn, ui: FakeUi
) -> None:
    inside = await sign_in()
    kept = await inside.client.get("/temporal/_app/immutable/x.js")
    assert "immutable" in kept.headers["cache-control"]
    assert (await inside.client.get(RUN)).headers["cache-control"] == "no-store"
    assert len(ui.requests) == 2
