"""Signing in: who comes in, who does not, and what is written down of both."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from records import operators
from records.database import Database
from records.operator_tables import OperatorRow, OperatorSessionRow
from records.operators import IDLE, LONGEST, Role
from settings import Settings
from tests.web.conftest import Visitor
from tests.web.console.conftest import PASSWORD, NewOperator, SignIn, actions
from tests.web.page import Page
from web.app import create_app

SIGN_IN = "/console/sign-in"


async def attempt(visitor: Visitor, username: str = "tanaka", password: str = PASSWORD) -> Page:
    """Fill in the sign-in page."""
    return await visitor.press(await visitor.get(SIGN_IN), username=username, password=password)


async def test_a_password_is_kept_as_argon2id(database: Database, new_operator: NewOperator) -> None:
    await new_operator()
    async with database.begin() as session:
        row = await session.get_one(OperatorRow, "tanaka")
    assert row.password_hash.startswith("$argon2id$")


async def test_the_cookie_is_strict_and_hidden_from_scripts(
    visitor: Visitor, new_operator: NewOperator, database: Database
) -> None:
    await new_operator()
    response = await visitor.client.post(SIGN_IN, data={"username": "tanaka", "password": PASSWORD})
    cookie = response.headers["set-cookie"]
    assert response.status_code == 303
    assert all(part in cookie for part in ("jcan_operator=", "HttpOnly", "Path=/", "SameSite=strict"))
    assert await actions(database) == [("operator:tanaka", "signed_in")]
    async with database.begin() as session:
        digests = (await session.scalars(select(OperatorSessionRow.token_digest))).all()
    assert len(digests) == 1
    assert visitor.client.cookies["jcan_operator"].encode() not in digests


@pytest.mark.parametrize(
    ("username", "password", "actor"),
    [("tanaka", "mistaken", "operator:tanaka"), ("nobody", PASSWORD, "stranger"), ("", "", "stranger")],
)
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    visitor: Visitor,
    new_operator: NewOperator,
    database: Database,
    username: str,
    password: str,
    actor: str,
) -> None:
    await new_operator()
    page = await attempt(visitor, username, password)
    assert page.status == 422
    assert "ユーザー名またはパスワードが正しくありません" in page.text
    assert page.value("username") == username
    assert password not in page.html or not password
    assert await actions(database) == [(actor, "sign_in_refused")]


async def test_after_ten_tries_the_name_is_locked_also_for_who_knows_the_password(
    visitors: Callable[..., Visitor], new_operator: NewOperator, database: Database
) -> None:
    await new_operator()
    for number in range(10):
        assert (await attempt(visitors(f"192.0.{number}.7"), password="wrong")).status == 422
    page = await attempt(visitors("198.51.100.7"))
    assert page.status == 429
    assert int(page.response.headers["retry-after"]) > 800
    assert (await actions(database))[-1] == ("operator:tanaka", "sign_in_locked")


async def test_signing_in_forgets_the_tries(visitor: Visitor, new_operator: NewOperator) -> None:
    await new_operator()
    for _round in range(3):
        for _try in range(5):
            assert (await attempt(visitor, password="wrong")).status == 422
        data = {"username": "tanaka", "password": PASSWORD}
        assert (await visitor.client.post(SIGN_IN, data=data)).status_code == 303


async def test_a_disabled_operator_is_out_at_once(
    sign_in: SignIn, visitor: Visitor, database: Database
) -> None:
    inside = await sign_in()
    async with database.begin() as session:
        await operators.disable(session, "tanaka")
    response = await inside.client.post("/console/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 401
    assert (await attempt(visitor)).status == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"seen_at": datetime.now(UTC) - IDLE - timedelta(seconds=1)},
        {"ends_at": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)
async def test_a_session_ends_when_idle_or_old(
    sign_in: SignIn, database: Database, changes: dict[str, datetime]
) -> None:
    inside = await sign_in()
    assert LONGEST > IDLE
    async with database.begin() as session:
        await session.execute(update(OperatorSessionRow).values(changes))
    token = inside.client.cookies["jcan_operator"]
    async with database.begin() as session:
        assert await operators.by_session(session, token, datetime.now(UTC)) is None


async def test_signing_out_ends_the_session_on_the_server(sign_in: SignIn, database: Database) -> None:
    inside = await sign_in()
    token = inside.client.cookies["jcan_operator"]
    response = await inside.client.post("/console/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 303
    async with database.begin() as session:
        assert await operators.by_session(session, token, datetime.now(UTC)) is None
    assert (await actions(database))[-1] == ("operator:tanaka", "signed_out")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_a_form_stolen_from_another_origin_does_nothing(
    sign_in: SignIn, database: Database, headers: dict[str, str]
) -> None:
    inside = await sign_in()
    response = await inside.client.post("/console/sign-out", headers=headers)
    assert response.status_code == 403
    assert (await actions(database))[-1] == ("operator:tanaka", "signed_in")


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ("/temporal/namespaces/default/workflows?query=a", "/temporal/namespaces/default/workflows?query=a"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console", "/console"),
        ("/\\evil.example", "/console"),
        ("/console/\\evil", "/console"),
        ("/consolex", "/console"),
    ],
)
async def test_after_the_sign_in_one_goes_on_only_to_places_of_ours(
    visitor: Visitor, new_operator: NewOperator, wish: str, place: str
) -> None:
    await new_operator()
    data = {"username": "tanaka", "password": PASSWORD, "next": wish}
    response = await visitor.client.post(SIGN_IN, data=data)
    assert httpx.URL(response.headers["location"]) == httpx.URL(place)


async def test_over_tls_no_other_host_of_the_domain_can_set_the_cookie(
    settings: Settings, new_operator: NewOperator
) -> None:
    await new_operator(role=Role.REVIEWER)
    app = create_app(settings.model_copy(update={"web_origin": "https://lra.example.jp"}))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://lra.example.jp") as client:
        response = await client.post(SIGN_IN, data={"username": "tanaka", "password": PASSWORD})
    await app.state.house.database.close()
    assert response.headers["set-cookie"].startswith("__Host-jcan_operator=")
    assert "Secure" in response.headers["set-cookie"]
