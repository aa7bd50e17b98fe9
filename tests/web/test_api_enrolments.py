"""The API's calls about enrolments: whose they are, page by page, and the principal's decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from domain.reference import Reference
from domain.stage import Applicant, ApprovalDecision, Outcome, Stage, Verdict
from engine.enrolments import Answer
from records import audit
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.web.calling import Service, new_key
from tests.web.conftest import ORIGIN, RecordingDesk
from tests.web.enrolling import REFERENCE, Write, agents_application, writer
from workflows.messages import DecideApproval

HERE = f"/enrolments/{REFERENCE.text}"
APPROVAL = f"{HERE}/approval"
APPROVE = {
    "decision": "approve",
    "decided_by": "user-48213",
    "obligations_accepted_at": "2026-11-24T10:12:30+09:00",
    "evidence": "consent-2026-000123",
}
RETURN = {"decision": "return", "decided_by": "user-48213", "reason": "姓の漢字が誤っています。"}


@pytest.fixture
async def service(app: FastAPI, database: Database, settings: Settings) -> Service:
    return Service(app, await new_key(database, settings))


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    return writer(database, vault, settings)


@pytest.fixture
async def waiting(write: Write) -> None:
    """An agent's application that waits for the principal."""
    await write(
        Stage.AWAITING_APPROVAL,
        applicant=Applicant.AGENT,
        application=agents_application(),
        approval_round=1,
    )


def decided(
    verdict: Verdict | None, stage: Stage | None = Stage.IN_REVIEW, *, closed: bool = False
) -> Answer:
    return Answer(verdict=verdict, stage=stage, outcome=None, closed=closed)


# --- reading


async def test_an_enrolment_tells_where_it_stands_and_nothing_personal(
    service: Service, write: Write
) -> None:
    await write(
        Stage.ISSUED, outcome=Outcome.INSTALLED, applicant=Applicant.AGENT, application=agents_application()
    )

    answer = await service.get(HERE)

    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {
        *("reference", "applicant", "stage", "outcome", "registered_at", "since", "until", "serial"),
        "principal_email",
    }
    assert (told["reference"], told["applicant"]) == (REFERENCE.text, "agent")
    assert (told["stage"], told["outcome"], told["until"]) == ("issued", "installed", None)
    assert datetime.fromisoformat(told["since"]).utcoffset() == timedelta(0)
    assert not [word for word in ("高橋", "髙橋", "@example.jp", "14f75199c") if word in answer.text]


@pytest.mark.usefixtures("waiting")
async def test_only_while_the_principal_is_asked_the_service_learns_whom_to_ask(
    service: Service, write: Write
) -> None:
    assert (await service.get(HERE)).json()["principal_email"] == "taro.takahashi@example.jp"
    assert "@" not in (await service.get("/enrolments")).text

    await write(Stage.IN_REVIEW, applicant=Applicant.AGENT, application=agents_application())

    assert (await service.get(HERE)).json()["principal_email"] is None


async def test_a_reference_counts_in_any_writing(service: Service, write: Write) -> None:
    await write()

    for writing in (REFERENCE.grouped, REFERENCE.text.lower(), REFERENCE.text.replace("0", "O")):
        assert (await service.get(f"/enrolments/{writing}")).status_code == 200


@pytest.mark.parametrize("path", [HERE, "/enrolments/nonsense", "/enrolments/0000000000000"])
async def test_another_tenants_enrolment_is_as_unknown_as_none(
    app: FastAPI, database: Database, settings: Settings, write: Write, path: str
) -> None:
    await write()
    other = Service(app, await new_key(database, settings, "contracthub"))

    answer = await other.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-reference")
    assert (await other.get("/enrolments")).json()["enrolments"] == []


async def test_the_list_comes_page_by_page_without_gap_or_repeat(service: Service, write: Write) -> None:
    at = datetime.now(UTC)
    references = [Reference(bytes([number] * 8)).text for number in range(1, 8)]
    for number, reference in enumerate(references):
        # Three of them were registered at the same moment.
        await write(reference=reference, registered_at=at + timedelta(minutes=max(0, number - 2)))

    seen: list[str] = []
    cursor: dict[str, Any] = {}
    pages = 0
    while True:
        page = (await service.get("/enrolments", limit=2, **cursor)).json()
        seen += [each["reference"] for each in page["enrolments"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == references
    assert pages == 4


async def test_the_list_can_be_of_certain_stages(service: Service, write: Write) -> None:
    stages = [Stage.REGISTERED, Stage.IN_REVIEW, Stage.ISSUED]
    for number, stage in enumerate(stages, 1):
        await write(stage, reference=Reference(bytes([number] * 8)).text)

    some = (await service.get("/enrolments", stage=["in_review", "issued"])).json()["enrolments"]

    assert [each["stage"] for each in some] == ["in_review", "issued"]
    assert (await service.get("/enrolments", stage="no-stage")).status_code == 422
    assert (await service.get("/enrolments", limit=0)).status_code == 422


async def test_a_cursor_is_no_ones_but_the_tenants(
    app: FastAPI, database: Database, settings: Settings, service: Service, write: Write
) -> None:
    for number in (1, 2):
        await write(reference=Reference(bytes([number] * 8)).text)
    cursor = (await service.get("/enrolments", limit=1)).json()["next_cursor"]
    other = Service(app, await new_key(database, settings, "contracthub"))

    assert REFERENCE.text not in cursor
    for answer in (
        await other.get("/enrolments", cursor=cursor),
        await service.get("/enrolments", cursor=cursor[:-2]),
        await service.get("/enrolments", cursor=""),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-cursor")


# --- deciding


@pytest.mark.usefixtures("waiting")
async def test_an_approval_reaches_the_enrolment_as_the_principals_own_with_its_evidence(
    service: Service, desk: RecordingDesk
) -> None:
    desk.answer = decided(Verdict.ACCEPTED)

    answer = await service.post(APPROVAL, APPROVE)

    assert answer.status_code == 200
    assert answer.json() == {"reference": REFERENCE.text, "verdict": "accepted", "stage": "in_review"}
    [(reference, message)] = desk.messages
    assert reference == REFERENCE.text
    assert isinstance(message, DecideApproval)
    assert (message.decision, message.via) == (ApprovalDecision.APPROVE, "api")
    assert (message.decided_by, message.evidence) == ("user-48213", "consent-2026-000123")
    assert message.obligations_accepted_at == datetime(2026, 11, 24, 1, 12, 30, tzinfo=UTC)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("decision", ["return", "refuse"])
async def test_turning_down_carries_the_reason(service: Service, desk: RecordingDesk, decision: str) -> None:
    desk.answer = decided(Verdict.ACCEPTED)

    assert (await service.post(APPROVAL, RETURN | {"decision": decision})).status_code == 200

    message = desk.messages[0][1]
    assert isinstance(message, DecideApproval)
    assert (message.decision, message.reason) == (decision, "姓の漢字が誤っています。")


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (APPROVE | {"evidence": None}, "#/evidence"),
        ({k: v for k, v in APPROVE.items() if k != "evidence"}, "#/evidence"),
        ({k: v for k, v in APPROVE.items() if k != "obligations_accepted_at"}, "#/obligations_accepted_at"),
        ({k: v for k, v in APPROVE.items() if k != "decided_by"}, "#/decided_by"),
        (APPROVE | {"obligations_accepted_at": "2026-11-24T10:12:30"}, "#/obligations_accepted_at"),
        (APPROVE | {"obligations_accepted_at": 1764000000}, "#/obligations_accepted_at"),
        (APPROVE | {"obligations_accepted_at": "yesterday"}, "#/obligations_accepted_at"),
        (APPROVE | {"evidence": "x" * 201}, "#/evidence"),
        (APPROVE | {"more": 1}, "#/more"),
        (APPROVE | {"decision": "reject"}, "#"),
        ({}, "#"),
        ({k: v for k, v in RETURN.items() if k != "reason"}, "#/reason"),
        (RETURN | {"reason": ""}, "#/reason"),
        (RETURN | {"reason": " \n　"}, "#/reason"),
        (RETURN | {"reason": "a\x00b"}, "#/reason"),
        (RETURN | {"reason": "x" * 1001}, "#/reason"),
    ],
)
async def test_what_is_missing_or_wrong_is_named_and_nothing_is_decided(
    service: Service, desk: RecordingDesk, body: dict[str, Any], pointer: str
) -> None:
    answer = await service.post(APPROVAL, body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not desk.messages


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.CONTRARY, "contrary"), (Verdict.TOO_LATE, "too-late"), (Verdict.NOT_NOW, "not-now")],
)
async def test_a_decision_that_does_not_count_is_a_conflict(
    service: Service, desk: RecordingDesk, verdict: Verdict, code: str
) -> None:
    desk.answer = decided(verdict)

    answer = await service.post(APPROVAL, APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert answer.json()["stage"] == "in_review"


@pytest.mark.usefixtures("waiting")
async def test_the_same_decision_is_one_message_however_often_it_comes(
    service: Service, desk: RecordingDesk, write: Write
) -> None:
    desk.answer = decided(Verdict.REPEATED)
    for body in (APPROVE, APPROVE, APPROVE | {"evidence": "other"}, RETURN):
        await service.post(APPROVAL, body)
    await write(
        Stage.AWAITING_APPROVAL, applicant=Applicant.AGENT, application=agents_application(), approval_round=2
    )
    await service.post(APPROVAL, APPROVE)

    first, second, evidence, other, next_round = [message.message_id for _, message in desk.messages]
    assert first == second
    assert len({first, evidence, other, next_round}) == 4
    assert (await service.post(APPROVAL, APPROVE)).json()["verdict"] == "repeated"


@pytest.mark.usefixtures("waiting")
async def test_an_idempotency_key_says_what_a_repeat_is(
    service: Service, desk: RecordingDesk, write: Write
) -> None:
    desk.answer = decided(Verdict.ACCEPTED)
    await service.post(APPROVAL, APPROVE, **{"Idempotency-Key": "one"})
    await write(
        Stage.AWAITING_APPROVAL, applicant=Applicant.AGENT, application=agents_application(), approval_round=2
    )
    await service.post(APPROVAL, APPROVE, **{"Idempotency-Key": "one"})
    await service.post(APPROVAL, APPROVE, **{"Idempotency-Key": "two"})

    first, again, other = [message.message_id for _, message in desk.messages]
    assert first == again != other


@pytest.mark.usefixtures("waiting")
async def test_a_repeat_after_the_run_has_closed_gets_its_first_verdict(
    service: Service, desk: RecordingDesk, database: Database
) -> None:
    desk.answer = decided(Verdict.ACCEPTED)
    await service.post(APPROVAL, APPROVE)
    message_id = desk.messages[0][1].message_id
    async with database.begin() as session:
        entry = audit.Entry(
            key=f"{REFERENCE.text}.decide_approval.{message_id}",
            at=datetime.now(UTC),
            actor="econtract",
            action="decide_approval",
            reference=REFERENCE.text,
            facts={"verdict": "accepted"},
        )
        await audit.add(session, entry)
    desk.answer = decided(None, None, closed=True)

    assert (await service.post(APPROVAL, APPROVE)).json()["verdict"] == "accepted"
    assert (await service.post(APPROVAL, RETURN)).json()["code"] == "too-late"


@pytest.mark.usefixtures("waiting")
async def test_without_a_verdict_it_is_kept_and_says_where_to_look(
    service: Service, desk: RecordingDesk
) -> None:
    desk.answer = Answer()

    answer = await service.post(APPROVAL, APPROVE)

    assert answer.status_code == 202
    assert answer.headers["location"] == f"{ORIGIN}/api/v1{HERE}"
    assert answer.json()["verdict"] == "received"


@pytest.mark.usefixtures("waiting")
async def test_without_the_engine_nothing_is_decided(service: Service, desk: RecordingDesk) -> None:
    desk.away = True

    answer = await service.post(APPROVAL, APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (503, "engine-away")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("waiting")
async def test_another_tenant_cannot_decide(
    app: FastAPI, database: Database, settings: Settings, desk: RecordingDesk
) -> None:
    other = Service(app, await new_key(database, settings, "contracthub"))
    house = app.state.house
    allowed = house.tenants["contracthub"].approval_by_api

    answer = await other.post(APPROVAL, APPROVE)

    assert answer.status_code == (404 if allowed else 403)
    assert not desk.messages


@pytest.mark.usefixtures("waiting")
async def test_a_tenant_that_does_not_allow_it_gets_403(
    app: FastAPI, service: Service, desk: RecordingDesk
) -> None:
    tenants = dict(app.state.house.tenants)
    tenants["leopalace"] = tenants["leopalace"].model_copy(update={"approval_by_api": False})
    object.__setattr__(app.state.house, "tenants", tenants)

    answer = await service.post(APPROVAL, APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (403, "approval-by-api-not-allowed")
    assert not desk.messages
