"""The API's calls about certificates."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Verdict
from engine.certificates import CertificateAnswer
from records.database import Database
from settings import Settings
from tests.web.calling import Service, new_key
from tests.web.certifying import SERIAL, Certify
from tests.web.conftest import ORIGIN, RecordingRegistry
from tests.web.enrolling import REFERENCE
from workflows.messages import Revoke

HERE = f"/certificates/{SERIAL}"
REVOCATION = f"{HERE}/revocation"
BODY = {"reason": "keyCompromise"}


@pytest.fixture
async def service(app: FastAPI, database: Database, settings: Settings) -> Service:
    return Service(app, await new_key(database, settings))


async def test_a_service_revokes_its_tenants_certificate(
    service: Service, registry: RecordingRegistry, certify: Certify
) -> None:
    await certify()
    answer = await service.post(REVOCATION, BODY)
    assert (answer.status_code, answer.json()) == (200, {"serial": SERIAL, "verdict": "accepted"})
    ((serial, message),) = registry.messages
    assert serial == SERIAL
    assert isinstance(message, Revoke)
    assert (message.reason, message.by, message.generation) == (
        RevocationReason.KEY_COMPROMISE,
        "econtract:leopalace",
        None,
    )
    await service.post(REVOCATION, BODY)
    assert len({message.message_id for _, message in registry.messages}) == 1


@pytest.mark.parametrize(
    ("verdict", "status", "told"),
    [
        (Verdict.REPEATED, 200, "repeated"),
        (None, 202, "received"),
        (Verdict.TOO_LATE, 409, None),
    ],
)
async def test_what_became_of_it_is_told(
    service: Service,
    registry: RecordingRegistry,
    certify: Certify,
    verdict: Verdict | None,
    status: int,
    told: str | None,
) -> None:
    await certify()
    registry.answer = CertificateAnswer(verdict=verdict, stage=CertificateStage.EXPIRED)
    answer = await service.post(REVOCATION, BODY)
    assert answer.status_code == status
    assert answer.json().get("verdict") == told
    if status == 202:
        assert answer.headers["Location"] == f"{ORIGIN}/api/v1{HERE}"


@pytest.mark.parametrize("path", [REVOCATION, "/certificates/00ff/revocation", "/certificates/x/revocation"])
async def test_another_tenants_certificate_is_as_unknown_as_none(
    app: FastAPI,
    database: Database,
    settings: Settings,
    registry: RecordingRegistry,
    certify: Certify,
    path: str,
) -> None:
    await certify()
    other = Service(app, await new_key(database, settings, "contracthub"))
    answer = await other.post(path, BODY)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-certificate")
    assert registry.messages == []


@pytest.mark.parametrize(
    "body", [{}, {"reason": "privilegeWithdrawn"}, {"reason": "x"}, BODY | {"more": 1}, []]
)
async def test_a_wrong_body_is_refused(service: Service, certify: Certify, body: object) -> None:
    await certify()
    assert (await service.post(REVOCATION, body)).status_code == 422


async def test_strangers_and_an_engine_that_is_away(
    app: FastAPI, service: Service, registry: RecordingRegistry, certify: Certify
) -> None:
    await certify()
    assert (await Service(app).post(REVOCATION, BODY)).status_code == 401
    registry.away = True
    answer = await service.post(REVOCATION, BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "engine-away")


async def test_where_a_certificate_stands(service: Service, certify: Certify) -> None:
    await certify()
    shown = (await service.get(HERE)).json()
    assert (shown["stage"], shown["reference"], shown["revoked_at"]) == ("valid", REFERENCE.text, None)
    await certify(revoked_at=datetime.now(UTC), revocation_reason="superseded")
    shown = (await service.get(HERE)).json()
    assert (shown["stage"], shown["reason"]) == ("revoked", "superseded")
    await certify(revoked_at=None, not_after=datetime.now(UTC) - timedelta(days=1))
    assert (await service.get(HERE)).json()["stage"] == "expired"
