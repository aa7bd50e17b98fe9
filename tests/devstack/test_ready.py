"""`ready.json` and the text that is printed when everything is up."""

import json
from pathlib import Path

from devstack.ports import Ports
from devstack.ready import ReadyFile, welcome
from devstack.secrets_file import keep_secrets
from tenants import load_tenants

PIDS = {"web": 1, "worker": 2, "temporal": 3, "postgres": 4, "mail": 5, "econtract": 6}
TICKETS = {"leo-sign": ["1…p"], "contracthub": ["1…p"]}


def write(directory: Path) -> ReadyFile:
    """Write a `ready.json` as a stack on the usual ports does."""
    tenants = sorted(load_tenants())
    secrets = keep_secrets(directory / "secrets.env", tenants)
    file = ReadyFile(directory / "ready.json")
    file.write(Ports(), "postgresql://jcan@/jcan?host=x", TICKETS, secrets, tenants, PIDS)
    return file


def test_it_has_what_scripts_rely_on(tmp_path: Path) -> None:
    write(tmp_path)
    content = json.loads((tmp_path / "ready.json").read_text())
    assert {name: content[name] for name in ("web", "temporal", "namespace", "mailbox", "econtract")} == {
        "web": "http://127.0.0.1:8000",
        "temporal": "127.0.0.1:7233",
        "namespace": "default",
        "mailbox": "http://127.0.0.1:8025",
        "econtract": "http://127.0.0.1:8100",
    }
    assert content["database"].startswith("postgresql://")
    assert content["tickets"] == TICKETS
    assert content["pids"] == PIDS
    assert set(content["api_keys"]) == {"leopalace", "contracthub"}
    assert set(content["operator"]) == {"username", "password"}
    assert content["temporal_ui"].startswith("http://127.0.0.1:")


def test_pids_stay_true_and_the_rest_stays(tmp_path: Path) -> None:
    file = write(tmp_path)
    before = json.loads((tmp_path / "ready.json").read_text())
    file.pids_are(PIDS | {"web": 7})
    after = json.loads((tmp_path / "ready.json").read_text())
    assert after == before | {"pids": PIDS | {"web": 7}}


def test_pids_make_no_file_before_everything_is_up_nor_after_the_stop(tmp_path: Path) -> None:
    ReadyFile(tmp_path / "ready.json").pids_are(PIDS)
    assert not (tmp_path / "ready.json").exists()
    file = write(tmp_path)
    file.remove()
    file.pids_are(PIDS)
    assert not (tmp_path / "ready.json").exists()


def test_the_welcome_names_addresses_and_tickets(tmp_path: Path) -> None:
    tenants = load_tenants()
    secrets = keep_secrets(tmp_path / "secrets.env", sorted(tenants))
    file = ReadyFile(tmp_path / "ready.json")
    content = file.write(Ports(), "postgresql://", TICKETS, secrets, sorted(tenants), PIDS)
    text = "\n".join(welcome(content, tenants, Ports(), 7.25))
    for said in (
        "http://127.0.0.1:8000/leopalace/",
        "leo-sign",
        "1…p",
        "http://127.0.0.1:8025",
        "http://127.0.0.1:9464/metrics",
        "Ctrl-C",
    ):
        assert said in text
    assert secrets["JCAN_DEMO_OPERATOR_PASSWORD"] not in text
