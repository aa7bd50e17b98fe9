"""The API's outside: keys, limits, problems, its description."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from records import api_keys
from records.database import Database
from records.limits import Limit
from records.tables import ApiKey, AuditEntry
from settings import Settings
from tests.web.calling import Service, new_key
from tests.web.conftest import RecordingDesk, Visitor
from web import api_access
from web.api import BODY_MAXIMUM

CALLS = [
    ("GET", "/enrolments"),
    ("GET", "/enrolments/04HMASW9NF6YF"),
    ("POST", "/enrolments/04HMASW9NF6YF/approval"),
    ("POST", "/launch-links"),
]


@pytest.fixture
async def service(app: FastAPI, database: Database, settings: Settings) -> Service:
    return Service(app, await new_key(database, settings))


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "given", [None, "", "Basic dGFybzp0YXJv", "Bearer", "Bearer jcan_wrong", "Bearer ｋ"]
)
async def test_without_a_key_that_counts_nothing_is_told(
    app: FastAPI, method: str, path: str, given: str | None
) -> None:
    headers = {} if given is None else {b"Authorization": given.encode()}
    answer = await Service(app).client.request(method, path, json={}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_is_kept_as_a_digest_only_and_says_when_it_was_used(
    service: Service, database: Database
) -> None:
    assert (await service.get("/enrolments")).status_code == 200

    key = service.client.headers["authorization"].removeprefix("Bearer ")
    async with database.begin() as session:
        row = (await session.scalars(select(ApiKey))).one()
        entries = (await session.scalars(select(AuditEntry))).all()
    assert row.last_used_at is not None
    assert key not in repr(vars(row)) + repr([vars(entry) for entry in entries])
    assert key.encode() not in row.digest
    assert [entry.action for entry in entries] == ["api_key_created"]


async def test_a_revoked_key_opens_nothing(service: Service, database: Database) -> None:
    async with database.begin() as session:
        key_id = (await session.scalars(select(ApiKey.key_id))).one()
        assert await api_keys.revoke(session, key_id, "operator:test") is True
        assert await api_keys.revoke(session, key_id, "operator:test") is False
        assert await api_keys.revoke(session, "nothing", "operator:test") is None

    assert (await service.get("/enrolments")).status_code == 401


async def test_a_key_of_a_tenant_that_is_no_more_opens_nothing(service: Service, database: Database) -> None:
    async with database.begin() as session:
        await session.execute(update(ApiKey).values(tenant="gone"))

    assert (await service.get("/enrolments")).status_code == 401


async def test_too_many_calls_are_told_when_to_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_access, "CALLS_PER_KEY", Limit("api_key", 2, timedelta(minutes=1)))

    answers = [await service.get("/enrolments") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


async def test_a_stranger_who_guesses_is_slowed_down_and_the_service_is_not(
    app: FastAPI, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_access, "STRANGERS_PER_NETWORK", Limit("api_stranger", 2, timedelta(minutes=1)))
    stranger = Service(app, "jcan_guess")

    assert [(await stranger.get("/enrolments")).status_code for _ in range(3)] == [401, 401, 429]
    assert (await service.get("/enrolments")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", "not-found"),
        ("GET", "/enrolments/", "not-found"),
        ("DELETE", "/enrolments", "method-not-allowed"),
        ("PUT", "/launch-links", "method-not-allowed"),
    ],
)
async def test_what_is_not_there_is_a_problem_too(
    service: Service, method: str, path: str, code: str
) -> None:
    answer = await service.client.request(method, path)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize("body", [b"{", b'"x"', b"", b"[]", b"null"])
async def test_what_is_no_json_object_is_told_so_and_not_repeated(service: Service, body: bytes) -> None:
    answer = await service.client.post(
        "/launch-links", content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"].startswith("#")


async def test_what_is_no_text_is_malformed(service: Service) -> None:
    answer = await service.client.post(
        "/launch-links", content=b"\xff", headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_huge_body_is_refused_before_it_is_read_whole(service: Service) -> None:
    answer = await service.client.post("/launch-links", json={"applicant": "x" * BODY_MAXIMUM})

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_another_sites_page_is_refused(service: Service) -> None:
    answer = await service.post(
        "/launch-links",
        {"applicant": "agent"},
        **{"Sec-Fetch-Site": "cross-site", "Origin": "https://x.example"},
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-form")


async def test_a_broken_front_says_so_without_telling_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("taro@example.jp")

    monkeypatch.setattr("records.api_keys.tenant_of", broken)
    answer = await service.get("/enrolments")

    assert (answer.status_code, answer.json()["code"]) == (500, "broken")
    assert "taro" not in answer.text


async def test_the_description_names_every_call_with_examples_and_the_key(app: FastAPI) -> None:
    document = (await Service(app).client.get("/openapi.json")).json()

    calls = {(m.upper(), p): call for p, methods in document["paths"].items() for m, call in methods.items()}
    described = {(method, path.replace("04HMASW9NF6YF", "{reference}")) for method, path in CALLS}
    assert described <= set(calls)
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for call in calls.values():
        assert call["security"] == [{"apiKey": []}]
        assert {"401", "422", "429"} <= set(call["responses"])
        assert "application/problem+json" in call["responses"]["422"]["content"]
    for name in ("PrincipalLink", "AgentLink", "LaunchLink", "EnrolmentShown", "Approve", "TurnDown"):
        assert document["components"]["schemas"][name]["examples"]


async def test_people_read_the_description_without_another_host(
    visitor: Visitor, desk: RecordingDesk
) -> None:
    page = await visitor.get("/api/v1/docs")

    assert page.status == 200
    assert "POST /api/v1/enrolments/{reference}/approval" in page.text
    assert "https://" not in page.html
    assert 'id="too-late"' in page.html
    assert not desk.messages
