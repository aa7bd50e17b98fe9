"""The e-contract stand-in's people: sent in by a launch link, deciding by API, reading the log."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from activities.events import StageChanged, signed
from devstack.econtract.app import Service, create_app
from devstack.econtract.words import ENGLISH, JAPANESE
from domain.stage import Outcome, Stage

FRONT = "http://127.0.0.1:8000"
KEY = b"k" * 32
REFERENCE = "0123456789ABC"
EVENT = StageChanged(
    reference=REFERENCE, tenant="leopalace", sequence=1, stage=Stage.APPLYING, at=datetime.now(UTC)
)
LINK = f"{FRONT}/leopalace/launch?link=sealed"


@dataclass
class Authority:
    """The registration authority's web front; `answers` maps a call to status and body."""

    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    away: bool = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one call."""
        if self.away:
            raise httpx.ConnectError("away")
        self.requests.append(request)
        status, body = self.answers[f"{request.method} {request.url.path.removeprefix('/api/v1')}"]
        return httpx.Response(status, json=body)


@pytest.fixture
def authority() -> Authority:
    found = {"reference": REFERENCE, "stage": "awaiting_approval"}
    read = found | {
        "principal_email": "taro@example.jp",
        "since": "2026-11-24T01:10:45Z",
        "until": "2026-12-08T01:10:46Z",
    }
    return Authority(
        {
            "POST /launch-links": (200, {"url": LINK, "expires_at": "2026-11-24T01:15:00Z"}),
            "GET /enrolments": (200, {"enrolments": [found], "next_cursor": None}),
            f"GET /enrolments/{REFERENCE}": (200, read),
            f"POST /enrolments/{REFERENCE}/approval": (200, {"verdict": "accepted"}),
        }
    )


@pytest.fixture
def client(tmp_path: Path, authority: Authority) -> httpx.AsyncClient:
    service = Service(tmp_path / "econtract", "econtract-key", KEY, FRONT, {"leopalace": "api-key"})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(service, httpx.MockTransport(authority))),
        base_url="http://127.0.0.1:8100",
    )


async def send(
    client: httpx.AsyncClient,
    event: StageChanged = EVENT,
    key: bytes = KEY,
    changes: dict[str, str] | None = None,
) -> int:
    headers = signed(key, event.event_id, datetime.now(UTC), event.body) | (changes or {})
    return (await client.post("/events", content=event.body, headers=headers)).status_code


# --- sending in


async def test_who_starts_here_is_sent_in_by_a_launch_link(
    client: httpx.AsyncClient, authority: Authority
) -> None:
    answer = await client.post(
        "/start", data={"tenant": "leopalace", "applicant": "principal", "email": " taro@example.jp "}
    )

    assert (answer.status_code, answer.headers["location"]) == (303, LINK)
    [request] = authority.requests
    assert request.headers["authorization"] == "Bearer api-key"
    assert json.loads(request.content) == {"applicant": "principal", "email": "taro@example.jp"}
    policy = (await client.get("/start")).headers["content-security-policy"]
    assert f"form-action 'self' {FRONT}" in policy, "the browser may follow"


async def test_an_agent_is_sent_in_without_an_address(
    client: httpx.AsyncClient, authority: Authority
) -> None:
    await client.post("/start", data={"tenant": "leopalace", "applicant": "agent", "email": "x@example.jp"})

    assert json.loads(authority.requests[0].content) == {"applicant": "agent"}


async def test_a_refusal_keeps_what_was_typed(client: httpx.AsyncClient, authority: Authority) -> None:
    authority.answers["POST /launch-links"] = (422, {"code": "invalid"})

    answer = await client.post("/start", data={"tenant": "leopalace", "email": "nonsense"})

    assert answer.status_code == 422
    assert JAPANESE["problem_invalid"] in answer.text
    assert 'value="nonsense"' in answer.text


# --- deciding


async def test_waiting_applications_are_listed_with_whom_they_are_for(client: httpx.AsyncClient) -> None:
    page = (await client.get("/approvals?lang=en")).text

    assert "taro@example.jp" in page
    assert "0123-4567-89AB-C" in page
    assert ENGLISH["approve"] in page


async def test_an_approval_carries_when_the_obligations_were_accepted_and_its_proof(
    client: httpx.AsyncClient, authority: Authority
) -> None:
    form = {"tenant": "leopalace", "reference": REFERENCE, "email": "taro@example.jp", "decision": "approve"}
    answer = await client.post("/approvals", data=form | {"obligations": "yes"})

    sent = json.loads(authority.requests[0].content)
    assert set(sent) == {"decision", "decided_by", "obligations_accepted_at", "evidence"}
    assert datetime.fromisoformat(sent["obligations_accepted_at"]).tzinfo is not None
    assert "taro" not in sent["decided_by"]
    told = await client.get(answer.headers["location"])
    assert JAPANESE["told_accepted"] in told.text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"decision": "approve"}, "obligations-missing"),
        ({"decision": "return", "reason": " "}, "reason-missing"),
        ({"decision": "refuse"}, "reason-missing"),
    ],
)
async def test_what_is_missing_is_told_and_nothing_is_sent(
    client: httpx.AsyncClient, authority: Authority, form: dict[str, str], told: str
) -> None:
    answer = await client.post("/approvals", data={"tenant": "leopalace", "reference": REFERENCE} | form)

    assert f"told={told}" in answer.headers["location"]
    assert not authority.requests


async def test_a_conflict_is_told_in_words(client: httpx.AsyncClient, authority: Authority) -> None:
    authority.answers[f"POST /enrolments/{REFERENCE}/approval"] = (409, {"code": "contrary"})
    form = {"tenant": "leopalace", "reference": REFERENCE, "decision": "refuse", "reason": "不要"}

    answer = await client.post("/approvals", data=form)

    assert JAPANESE["told_contrary"] in (await client.get(answer.headers["location"])).text


async def test_without_the_authority_the_pages_say_so(
    client: httpx.AsyncClient, authority: Authority
) -> None:
    authority.away = True

    assert JAPANESE["problem_away"] in (await client.get("/approvals")).text
    answer = await client.post("/start", data={"tenant": "leopalace"})
    assert JAPANESE["problem_away"] in answer.text
    assert JAPANESE["no_answer"] in (await client.get("/log")).text


@pytest.mark.parametrize("path", ["/start", "/approvals"])
async def test_another_sites_form_is_refused(
    client: httpx.AsyncClient, authority: Authority, path: str
) -> None:
    form = {"tenant": "leopalace", "decision": "refuse", "reason": "x", "reference": REFERENCE}

    answer = await client.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert not authority.requests


# --- events and the log


async def test_events_are_listed_per_enrolment_in_their_order(client: httpx.AsyncClient) -> None:
    ended = EVENT.model_copy(update={"sequence": 2, "stage": Stage.WITHDRAWN, "outcome": Outcome.REPLACED})
    assert [await send(client), await send(client, ended)] == [204, 204]

    page = (await client.get("/log?lang=en")).text

    assert page.count("0123-4567-89AB-C") == 1
    assert page.index(ENGLISH["stage_applying"]) < page.index(ENGLISH["stage_withdrawn"])
    assert "replaced" in page


async def test_an_event_that_comes_twice_is_one_event(client: httpx.AsyncClient) -> None:
    assert [await send(client), await send(client)] == [204, 204]

    page = (await client.get("/log")).text

    assert page.count(JAPANESE["stage_applying"]) == 1
    assert f"{JAPANESE['deliveries']} 2" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-timestamp": "1700000000"},
        {"webhook-timestamp": "later"},
        {"webhook-id": "msg_other"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
    ],
)
async def test_an_event_that_is_not_signed_right_now_is_not_taken(
    client: httpx.AsyncClient, changes: dict[str, str]
) -> None:
    assert await send(client, changes=changes) == 401
    assert JAPANESE["events_empty"] in (await client.get("/log")).text


async def test_an_event_of_another_secret_is_not_taken_and_one_of_several_signatures_is_enough(
    client: httpx.AsyncClient,
) -> None:
    assert await send(client, key=b"x" * 32) == 401
    both = signed(b"x" * 32, EVENT.event_id, datetime.now(UTC), EVENT.body)["webhook-signature"]
    right = signed(KEY, EVENT.event_id, datetime.now(UTC), EVENT.body)["webhook-signature"]
    assert await send(client, changes={"webhook-signature": f"{both} {right}"}) == 204


async def test_the_log_shows_calls_both_ways_and_no_visits(client: httpx.AsyncClient) -> None:
    await send(client)
    await client.get("/approvals")
    await client.post("/credentials", json={})

    page = (await client.get("/log")).text
    shown = re.findall(r"<code>(\w+ /\S*)</code> <strong class=\"(?:bad)?\">(\d+)", page)

    assert shown == [
        ("POST /credentials", "401"),
        (f"GET /api/v1/enrolments/{REFERENCE}", "200"),
        ("GET /api/v1/enrolments?stage=awaiting_approval&amp;limit=200", "200"),
        ("POST /events", "204"),
    ]


@pytest.mark.parametrize("path", ["/", "/start", "/approvals", "/log"])
async def test_every_page_is_in_both_languages(client: httpx.AsyncClient, path: str) -> None:
    japanese, english = (await client.get(path)).text, (await client.get(f"{path}?lang=en")).text

    assert '<html lang="ja">' in japanese
    assert '<html lang="en">' in english
    assert not re.search(r"[ぁ-んァ-ヶ]", english)
    assert f'aria-current="page">{ENGLISH["room_" + (path.strip("/") or "certificates")]}' in english


def test_both_languages_say_the_same_things() -> None:
    assert set(JAPANESE) == set(ENGLISH)
