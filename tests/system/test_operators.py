"""Operators beside a running stack: the codec for the command line, erasure, and the audit trail."""

import base64
import json
import sysconfig
from pathlib import Path

import httpx

from devstack.temporal import dev_server_path
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import Stack, run
from tests.running.waiting import until


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


async def test_a_person_who_was_erased_is_erased_in_the_history_too(stack: Stack, people: People) -> None:
    applicant = await people.new()
    await applicant.open()
    await applicant.submit()
    await applicant.shows(ISSUED)
    key = (await stack.jcan("operators", "api-key", stack.ready["operator"]["username"])).strip()
    assert applicant.email in await input_of(stack, applicant, key)

    await stack.jcan("shred", applicant.reference, code=1)
    await stack.jcan("shred", applicant.reference, "--revoke")

    seen = await input_of(stack, applicant, key)
    assert "消去済み" in seen
    assert applicant.email not in seen
    page = await applicant.get(f"{applicant.home}/status")
    assert applicant.email not in page.html
    said = await stack.jcan("audit", "show", applicant.reference)
    assert "shredded" in said
    assert "stage_issued" in said
    assert "erased before" in await stack.jcan("shred", applicant.reference)


async def test_an_open_enrolment_is_erased_after_it_was_withdrawn(stack: Stack, people: People) -> None:
    applicant = await people.new()
    await applicant.open()
    await applicant.fill_in()
    await stack.jcan("shred", applicant.reference, code=1)
    assert "Erased" in await stack.jcan("shred", applicant.reference, "--withdraw")
    retention = f"retention-{applicant.reference}"
    assert "Retention" in await temporal(stack, "describe", "-w", retention)


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
        assert await signed_in()
        assert (await browser.get("/console/tickets")).status_code == httpx.codes.FORBIDDEN
        assert (await browser.get("/temporal")).status_code == httpx.codes.FORBIDDEN
        await stack.jcan("operators", "disable", "suzuki")
        assert not await signed_in()
        renewed = (await stack.jcan("operators", "reset", "suzuki")).split("Password:")[1].strip()
        await browser.post("/console/sign-in", data={"username": "suzuki", "password": renewed})
        await until(signed_in, "the operator is in again")
    assert "contracthub" in await stack.jcan("operators", "list")


async def test_jcan_finds_the_stack_that_runs_in_its_run_directory(stack: Stack) -> None:
    environment = {"JCAN_RUN_DIR": str(stack.run_dir.path), "PATH": "/usr/bin:/bin"}
    listed = await stack.jcan("operators", "list")
    jcan = str(Path(sysconfig.get_path("scripts")) / "jcan")
    assert await run([jcan, "operators", "list"], environment) == listed
