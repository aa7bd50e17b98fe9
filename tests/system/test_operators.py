"""Operators beside a running stack: the codec for the command line, erasure, and the audit trail."""

import base64
import json
import sysconfig
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from devstack.temporal import dev_server_path
from records.database import Database
from tests.running.console import console
from tests.running.enrolling import ISSUED, Enrolling, People, new_address
from tests.running.stack import Stack, run
from tests.running.waiting import until
from tests.system.columns import columns_with

OWN = "staple, battery and horse"


async def temporal(stack: Stack, *arguments: str, key: str = "") -> str:
    """Run Temporal's own command line, with our codec if a key is given."""
    ready = stack.ready
    codec = ["--codec-endpoint", f"{ready['web']}/codec", "--codec-auth", f"Bearer {key}"] if key else []
    where = ["--address", ready["temporal"], "--namespace", ready["namespace"]]
    command = [str(dev_server_path()), "workflow", *arguments, *where, *codec]
    environment = {"HOME": str(stack.run_dir.path), "NO_PROXY": "127.0.0.1"}
    return await run(command, environment, code=None)


async def input_of(stack: Stack, applicant: Enrolling, key: str) -> str:
    """The input of somebody's run, as the command line shows it."""
    shown = await temporal(stack, "show", "-w", f"enrolment-{applicant.reference}", "-o", "json", key=key)
    started = json.loads(shown)["events"][0]["workflowExecutionStartedEventAttributes"]
    return base64.b64decode(started["input"]["payloads"][0]["data"]).decode("utf-8", "replace")


HAYAMA = {
    "family_name": "葉山",
    "given_name": "七海",
    "family_name_latin": "Hayama",
    "given_name_latin": "Nanami",
    "family_name_kana": "ハヤマ",
    "given_name_kana": "ナナミ",
    "phone": "03-0000-0017",
}
"""Somebody with names that no other test uses."""


ACTS = {
    ("applicant", "registered"),
    ("workflow", "link_mailed"),
    ("applicant", "redeem_link"),
    ("applicant", "submit_application"),
    ("principal", "decide_approval"),
    ("operator:operator", "looked_at"),
    ("operator:operator", "decide_review"),
    ("workflow", "ordered"),
    ("ca", "certificate_issued"),
    ("workflow", "stage_issued"),
    ("operator:operator", "decoded"),
    ("operator:cli", "revoke"),
    ("workflow", "certificate_revoked"),
    ("workflow", "certificate_removed"),
    ("operator:cli", "shredded"),
}
"""Who did what, in the life of an agent's application that is reviewed, revoked and erased."""


async def test_a_person_who_was_erased_is_erased_everywhere_and_what_happened_stays(
    stack: Stack, people: People
) -> None:
    principal = new_address("nanami.hayama")
    applicant = await reviewed(stack, people, principal)
    words = {applicant.email, principal, *HAYAMA.values()}
    key = (await stack.jcan("operators", "api-key", stack.ready["operator"]["username"])).strip()
    assert applicant.email in await input_of(stack, applicant, key)
    assert await columns_with(stack.ready["database"], words) >= {"local_ca.orders.subject"}

    await stack.jcan("shred", applicant.reference, code=1)
    await stack.jcan("shred", applicant.reference, "--revoke")

    assert await columns_with(stack.ready["database"], words) == set()
    assert await kept_of(stack, applicant) == []
    page = (await applicant.get(f"{applicant.home}/status")).html
    async with console(stack) as operator:
        case = (await operator.get(f"/console/enrolments/{applicant.reference}")).text
    shown = {"消去されています": page, "消去済み": case, "were erased": await input_of(stack, applicant, key)}
    assert [says for says, text in shown.items() if says not in text] == []
    assert [word for word in words for text in shown.values() if word in text] == []
    trail = (await stack.jcan("audit", "show", applicant.reference)).splitlines()
    assert ACTS - {(who, what) for _at, who, what, *_facts in map(str.split, trail)} == set()
    assert "erased before" in await stack.jcan("shred", applicant.reference)


async def reviewed(stack: Stack, people: People, principal: str) -> Enrolling:
    """An agent's application for Hayama, whom a reviewer at the console lets pass, all the way."""
    agent = await people.new(applicant="agent", tenant="contracthub", company_code="contracthub")
    await agent.open()
    await agent.submit(**HAYAMA, email=principal, email_confirmation=principal)
    await agent.approve_as(principal)
    await agent.shows("審査を待っています")
    async with console(stack) as operator:
        case = f"/console/enrolments/{agent.reference}"
        await operator.get(case)
        await operator.post(f"{case}/review", data={"decision": "approve"})
    await agent.shows(ISSUED)
    return agent


async def kept_of(stack: Stack, applicant: Enrolling) -> list[str]:
    """What of an enrolment is still kept by which somebody could be found or read."""
    queries = {
        "draft": "SELECT 1 FROM records.drafts WHERE reference = :reference",
        "data key": "SELECT wrapped FROM records.data_keys WHERE reference = :reference",
        "details": "SELECT sealed_details FROM records.enrolments WHERE reference = :reference",
        "address": "SELECT email_digest FROM records.enrolments WHERE reference = :reference",
        "principal": "SELECT principal_digest FROM records.enrolments WHERE reference = :reference",
        "ticket": "SELECT ticket_digest FROM records.enrolments WHERE reference = :reference",
    }
    database = Database(stack.ready["database"])
    async with database.begin() as session:
        mine = {"reference": applicant.reference}
        kept = [
            name for name, query in queries.items() if await session.scalar(text(query), mine) is not None
        ]
        mailed = await session.scalars(
            text("SELECT kind FROM records.mailings WHERE reference = :reference"), mine
        )
        # Which letters went out stays, as the audit trail does; not to whom.
        assert "application_link" in set(mailed)
    await database.close()
    return kept


async def test_an_open_enrolment_is_erased_after_it_was_withdrawn(stack: Stack, people: People) -> None:
    applicant = await people.new()
    await applicant.open()
    await applicant.fill_in()
    await stack.jcan("shred", applicant.reference, code=1)
    assert "Erased" in await stack.jcan("shred", applicant.reference, "--withdraw")
    retention = f"retention-{applicant.reference}"
    assert "Retention" in await temporal(stack, "describe", "-w", retention)
    assert await kept_of(stack, applicant) == []


async def test_an_administrator_resets_a_run_and_has_an_activity_tried_at_once_behind_the_sign_in(
    stack: Stack, people: People
) -> None:
    waiting = await people.new(email=new_address().replace("example.jp", "later.example"))
    await waiting.register()
    run = f"enrolment-{waiting.reference}"
    async with console(stack) as operator:
        await operator.get("/temporal")
        api = f"/temporal/api/v1/namespaces/{stack.ready['namespace']}"
        by_page = {"X-CSRF-TOKEN": operator.cookies["_csrf"], "Caller-Type": "operator"}

        async def post(place: str, **told: object) -> None:
            answer = await operator.post(f"{api}/{place}", json=told, headers=by_page)
            assert answer.is_success, answer.text

        async def pending() -> dict[str, Any] | None:
            told = (await operator.get(f"{api}/workflows/{run}")).json()
            activities: list[dict[str, Any]] = told.get("pendingActivities", [])
            return next((each for each in activities if int(each["attempt"]) > 1), None)

        activity = await until(pending, "the mail is tried again")
        await post("activities-deprecated/reset", execution={"workflowId": run}, id=activity["activityId"])
        first = (await operator.get(f"{api}/workflows/{run}")).json()["workflowExecutionInfo"]["execution"]
        point = {"workflowTaskFinishEventId": "4", "requestId": uuid4().hex, "reason": "test"}
        await post(f"workflows/{run}/reset", workflowExecution=first, **point)
        now = (await operator.get(f"{api}/workflows/{run}")).json()["workflowExecutionInfo"]["execution"]
    assert now["runId"] != first["runId"]
    said = await stack.jcan("audit", "show", waiting.reference)
    assert said.count("temporal_request") == 2
    await stack.jcan("enrolments", "withdraw", waiting.reference)


async def test_the_trail_of_everything_that_was_done_is_intact(
    stack: Stack, people: People, tmp_path: Path
) -> None:
    head, export = tmp_path / "head.json", tmp_path / "export.jsonl"
    head.write_text(await stack.jcan("audit", "head"), encoding="utf-8")
    applicant = await people.new()
    await applicant.open()
    export.write_text(await stack.jcan("audit", "export"), encoding="utf-8")
    said = await stack.jcan("audit", "verify", "--head", str(head), "--head", str(export))
    assert "Intact" in said
    assert applicant.email not in export.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in export.read_text(encoding="utf-8").splitlines()]
    forged = lines[-1]["head"] | {"position": lines[-1]["head"]["position"] + 1}
    head.write_text(json.dumps(forged), encoding="utf-8")
    await stack.jcan("audit", "verify", "--head", str(head), code=1)


async def test_an_operator_is_let_in_and_shut_out(stack: Stack) -> None:
    added = await stack.jcan(
        *("operators", "add", "suzuki", "--email", "suzuki@lra.example.jp", "--tenant", "contracthub")
    )
    password = added.split("Password:")[1].strip()
    await stack.jcan("operators", "add", "suzuki", "--email", "suzuki@lra.example.jp", code=1)
    async with httpx.AsyncClient(base_url=stack.web, trust_env=False) as browser:

        async def signed_in() -> bool:
            return (await browser.get("/console/reviews")).is_success

        await browser.post("/console/sign-in", data={"username": "suzuki", "password": password})
        assert (await browser.get("/console/reviews")).headers["location"].startswith("/console/account")
        changed = {"current_password": password, "new_password": OWN, "new_password_again": OWN}
        await browser.post("/console/account", data=changed)
        assert await signed_in()
        assert (await browser.get("/console/tickets")).status_code == httpx.codes.FORBIDDEN
        assert (await browser.get("/temporal")).status_code == httpx.codes.FORBIDDEN
        await stack.jcan("operators", "disable", "suzuki")
        assert not await signed_in()
        renewed = (await stack.jcan("operators", "reset", "suzuki")).split("Password:")[1].strip()
        again = changed | {"current_password": renewed}
        await browser.post("/console/sign-in", data={"username": "suzuki", "password": renewed})
        await browser.post("/console/account", data=again)
        assert await signed_in()
    assert "contracthub" in await stack.jcan("operators", "list")


async def test_jcan_finds_the_stack_that_runs_in_its_run_directory(stack: Stack) -> None:
    environment = {"JCAN_RUN_DIR": str(stack.run_dir.path), "PATH": "/usr/bin:/bin"}
    listed = await stack.jcan("operators", "list")
    jcan = str(Path(sysconfig.get_path("scripts")) / "jcan")
    assert await run([jcan, "operators", "list"], environment) == listed
