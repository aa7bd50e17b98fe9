"""`ready.json` is what scripts rely on."""

import re
import stat
from http import HTTPStatus

import httpx
import psutil

from tests.running.stack import Stack

TICKET = re.compile(r"1[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}p")
PARTS = {"web", "worker", "temporal", "postgres", "mail", "econtract"}


async def test_it_has_every_key_that_scripts_read(stack: Stack) -> None:
    ready = stack.ready
    assert set(ready) == {
        *("web", "temporal", "temporal_ui", "namespace", "mailbox", "econtract", "database"),
        *("tickets", "api_keys", "operator", "pids"),
    }
    assert re.fullmatch(r"127\.0\.0\.1:\d+", ready["temporal"])
    assert ready["namespace"] == "default"
    assert ready["database"].startswith("postgresql://")
    assert set(ready["api_keys"]) == {"leopalace", "contracthub"}
    assert all(ready["api_keys"].values())
    assert all(ready["operator"][key] for key in ("username", "password"))


async def test_each_tenant_has_twenty_well_formed_tickets(stack: Stack) -> None:
    tickets = stack.ready["tickets"]
    assert set(tickets) == {"leo-sign", "contracthub"}
    for numbers in tickets.values():
        assert len(set(numbers)) >= 20
        assert all(TICKET.fullmatch(number) for number in numbers)


async def test_its_pids_are_the_processes_that_run(stack: Stack) -> None:
    pids = stack.ready["pids"]
    assert set(pids) == PARTS
    assert len(set(pids.values())) == len(PARTS)
    assert all(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids.values())
    assert "worker.py" in " ".join(psutil.Process(pids["worker"]).cmdline())
    assert "-m web" in " ".join(psutil.Process(pids["web"]).cmdline())


async def test_every_address_in_it_answers(stack: Stack) -> None:
    ready = stack.ready
    addresses = [f"{ready['web']}/", f"{ready['web']}/healthz", f"{ready['web']}/readyz"]
    addresses += [ready["mailbox"], ready["econtract"]]
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
        answers = [await client.get(address) for address in addresses]
        temporal_ui = await client.get(ready["temporal_ui"])
    assert {answer.status_code for answer in answers} == {200}
    assert temporal_ui.status_code == HTTPStatus.UNAUTHORIZED
    assert ready["temporal_ui"] == f"{ready['web']}/temporal"


async def test_it_is_for_the_owners_eyes_only(stack: Stack) -> None:
    for secret in (stack.run_dir.ready, stack.run_dir.secrets):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


async def test_there_is_one_log_file_per_process(stack: Stack) -> None:
    assert {f"{part}.log" for part in PARTS} <= {log.name for log in stack.run_dir.logs.iterdir()}
