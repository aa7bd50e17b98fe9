"""The CA's hook: a nudge from somebody with the key, and nothing personal in the answer."""

import httpx
import pytest
from fastapi import FastAPI

from domain.stage import Stage, Verdict
from engine.enrolments import Answer
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.conftest import ORIGIN, RecordingDesk
from tests.web.enrolling import REFERENCE, writer
from workflows.messages import CertificateIssued

KEY = {"Authorization": "Bearer hook-key"}
ORDER = f"{REFERENCE.text}-1"


@pytest.fixture
async def ca(app: FastAPI, database: Database, vault: Vault, settings: Settings) -> httpx.AsyncClient:
    await writer(database, vault, settings)(Stage.ISSUING, ordered=True)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)


async def test_a_nudge_reaches_the_enrolment_that_the_order_names(
    ca: httpx.AsyncClient, desk: RecordingDesk
) -> None:
    desk.answer = Answer(verdict=Verdict.ACCEPTED)
    for _ in range(2):
        answer = await ca.post("/hooks/ca/local", json={"order_id": ORDER}, headers=KEY)
        assert (answer.status_code, answer.content) == (204, b"")
    [(reference, message), (_, again)] = desk.messages
    assert reference == REFERENCE.text
    assert isinstance(message, CertificateIssued)
    assert message.order_id == ORDER
    assert again.message_id != message.message_id


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic hook-key"])
async def test_without_the_key_nothing_is_told(
    ca: httpx.AsyncClient, desk: RecordingDesk, authorization: str
) -> None:
    answer = await ca.post(
        "/hooks/ca/local", json={"order_id": ORDER}, headers={"Authorization": authorization}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert desk.messages == []


@pytest.mark.parametrize(
    ("path", "order", "status"),
    [
        ("/hooks/ca/other", ORDER, 404),
        ("/hooks/ca/local", "0000000000000-1", 404),
        ("/hooks/ca/local", REFERENCE.text, 404),
        ("/hooks/ca/local", f"{REFERENCE.text.lower()}-1", 404),
        ("/hooks/ca/local", 7, 422),
    ],
)
async def test_an_order_that_is_not_ours_is_not_found(
    ca: httpx.AsyncClient, desk: RecordingDesk, path: str, order: object, status: int
) -> None:
    assert (await ca.post(path, json={"order_id": order}, headers=KEY)).status_code == status
    assert desk.messages == []


async def test_a_body_that_is_no_json_is_refused(ca: httpx.AsyncClient) -> None:
    assert (await ca.post("/hooks/ca/local", content=b"\xff", headers=KEY)).status_code == 422


async def test_while_the_engine_is_away_the_ca_is_asked_to_come_again(
    ca: httpx.AsyncClient, desk: RecordingDesk
) -> None:
    desk.away = True
    answer = await ca.post("/hooks/ca/local", json={"order_id": ORDER}, headers=KEY)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
