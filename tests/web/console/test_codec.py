"""The codec server: who may read, what is read, and that it is written down."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from temporalio.api.common.v1 import Payload

from engine.codec import OPERATORS, VaultCodec, sealed
from engine.remote_codec import ALTERED, ERASED, UNKNOWN
from records import operators
from records.database import Database
from records.operators import Role
from records.tables import AuditEntry, DataKey
from records.vault import Vault
from tests.web.console.conftest import NewOperator, SignIn
from web.codec import MAXIMUM_BODY

REFERENCE = "0123456789ABC"
HELLO = Payload(metadata={"encoding": b"json/plain"}, data=b'"hello"')
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "X-Namespace": "default"}

Json = dict[str, Any]


@pytest.fixture
def vault(app: FastAPI) -> Vault:
    """The front's own vault."""
    found: Vault = app.state.house.vault
    return found


def as_json(payload: Payload) -> Json:
    """A payload as the UI posts it."""
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


def content(payload: Json) -> Any:
    """What an answered payload says."""
    assert base64.b64decode(payload["metadata"]["encoding"]) == b"json/plain"
    return json.loads(base64.b64decode(payload["data"]))


async def post(
    client: httpx.AsyncClient, *payloads: Payload, to: str = "decode", **headers: str
) -> httpx.Response:
    """Post payloads as the UI does."""
    return await client.post(
        f"/codec/{to}?preserveStorageRefs=true",
        json={"payloads": [as_json(payload) for payload in payloads]},
        headers=SAME_ORIGIN | headers,
    )


async def entries(database: Database) -> list[AuditEntry]:
    """What was decoded, by the audit trail."""
    async with database.begin() as session:
        query = select(AuditEntry).where(AuditEntry.action == "decoded").order_by(AuditEntry.sequence)
        return list((await session.scalars(query)).all())


async def test_an_administrator_reads_and_it_is_written_down(
    sign_in: SignIn, vault: Vault, database: Database
) -> None:
    inside = await sign_in()
    hidden = sealed(await vault.key_of(REFERENCE), HELLO)
    answer = await post(inside.client, hidden, HELLO, hidden)
    assert [content(payload) for payload in answer.json()["payloads"]] == ["hello"] * 3
    [entry] = await entries(database)
    assert (entry.actor, entry.reference) == ("operator:tanaka", REFERENCE)
    assert entry.facts == {"payloads": 2, "erased": 0, "unreadable": 0, "references": REFERENCE}


async def test_what_is_not_sealed_passes_and_is_nobodys_business(sign_in: SignIn, database: Database) -> None:
    inside = await sign_in()
    assert content((await post(inside.client, HELLO)).json()["payloads"][0]) == "hello"
    assert await entries(database) == []


async def test_a_stranger_gets_401_and_a_reviewer_403(
    app: FastAPI, sign_in: SignIn, vault: Vault, database: Database
) -> None:
    hidden = sealed(await vault.key_of(REFERENCE), HELLO)
    reviewer = await sign_in(role=Role.REVIEWER)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as stranger:
        for to in ("decode", "encode"):
            assert (await post(stranger, hidden, to=to)).status_code == 401
            assert (await post(reviewer.client, hidden, to=to)).status_code == 403
            answer = await post(stranger, hidden, to=to, Authorization="Bearer wrong")
            assert answer.status_code == 401
            assert "payloads" not in answer.json()
    assert await entries(database) == []


async def test_another_sites_page_cannot_use_the_session(sign_in: SignIn, vault: Vault) -> None:
    inside = await sign_in()
    hidden = sealed(await vault.key_of(REFERENCE), HELLO)
    answer = await inside.client.post(
        "/codec/decode",
        json={"payloads": [as_json(hidden)]},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_command_line_reads_by_an_api_key_until_its_operator_is_disabled(
    new_operator: NewOperator, app: FastAPI, vault: Vault, database: Database
) -> None:
    await new_operator()
    async with database.begin() as session:
        key = await operators.new_api_key(session, "tanaka")
    hidden = sealed(await vault.key_of(REFERENCE), HELLO)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        answer = await post(client, hidden, Authorization=f"Bearer {key}")
        assert content(answer.json()["payloads"][0]) == "hello"
        async with database.begin() as session:
            await operators.disable(session, "tanaka")
        assert (await post(client, hidden, Authorization=f"Bearer {key}")).status_code == 401
    assert [entry.actor for entry in await entries(database)] == ["operator:tanaka"]


async def test_what_cannot_be_opened_says_why_and_the_rest_is_read(
    sign_in: SignIn, settings: Any, vault: Vault, database: Database
) -> None:
    inside = await sign_in()
    # Sealed by another process: the front's own memory of a key must not outlive the key for long.
    elsewhere = Vault(database, settings.master_keyring)
    shredded = sealed(await elsewhere.key_of("SHREDDED00000"), HELLO)
    altered = sealed(await vault.key_of(REFERENCE), HELLO)
    altered.data = altered.data[:-1] + bytes([altered.data[-1] ^ 1])
    unknown = sealed(await vault.key_of(REFERENCE), HELLO)
    unknown.metadata["encryption-key-id"] = str(uuid4()).encode()
    senseless = sealed(await vault.key_of(REFERENCE), HELLO)
    senseless.metadata["encryption-key-id"] = b"\xff"
    nameless = sealed(await vault.key_of(REFERENCE), HELLO)
    del nameless.metadata["encryption-key-id"]
    short = sealed(await vault.key_of(REFERENCE), HELLO)
    short.data = b"1234567"
    async with database.begin() as session:
        mine = DataKey.reference == "SHREDDED00000"
        await session.execute(update(DataKey).where(mine).values(wrapped=None))
    foreign = await Vault(database, {9: bytes(32)}).key_of("WRAPPEDBY9000")
    keyless = [unknown, senseless, nameless, sealed(foreign, HELLO)]
    answer = await post(inside.client, shredded, *keyless, altered, short, HELLO)
    said = [content(payload) for payload in answer.json()["payloads"]]
    assert said == [ERASED, *[UNKNOWN] * len(keyless), ALTERED, ALTERED, "hello"]
    [entry] = await entries(database)
    assert (entry.facts["erased"], entry.facts["unreadable"]) == (1, len(keyless) + 2)


async def test_what_an_operator_sends_is_sealed_and_the_worker_opens_it(
    sign_in: SignIn, vault: Vault, database: Database
) -> None:
    inside = await sign_in()
    [encoded] = (await post(inside.client, HELLO, to="encode")).json()["payloads"]
    hidden = Payload(
        metadata={name: base64.b64decode(value) for name, value in encoded["metadata"].items()},
        data=base64.b64decode(encoded["data"]),
    )
    assert b"hello" not in hidden.data
    assert hidden.metadata["encryption-key-id"].decode() == (await vault.key_of(OPERATORS)).key_id
    assert await VaultCodec(vault, database).decode([hidden]) == [HELLO]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"payloads": 1}', 400), (b"\xff", 400), (b" " * (MAXIMUM_BODY + 1), 413), (b"{}", 200)],
)
async def test_what_is_no_list_of_payloads_is_refused(sign_in: SignIn, body: bytes, status: int) -> None:
    inside = await sign_in()
    answer = await inside.client.post("/codec/decode", content=body, headers=SAME_ORIGIN)
    assert answer.status_code == status
