"""`python -m devstack` refuses to start with one sentence, and then nothing is left running."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devstack.run_dir import RunDir
from tests.running.free_ports import free_ports


def start(run_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; it is expected not to start."""
    return subprocess.run(
        [sys.executable, "-m", "devstack"],
        env=os.environ | {"JCAN_RUN_DIR": str(run_dir)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        outcome = start(tmp_path, JCAN_ECONTRACT_PORT=str(port))
    assert outcome.returncode == 1
    assert f"Port {port} is in use" in outcome.stderr
    assert "JCAN_ECONTRACT_PORT" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "ready.json").exists()
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    assert not [words for words in commands if str(tmp_path) in " ".join(words)], "nothing is left running"


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    with run_dir.held():
        run_dir.ready.write_text("{}")
        outcome = start(tmp_path)
    assert outcome.returncode == 1
    assert "A stack already runs" in outcome.stderr
    assert run_dir.ready.exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("JCAN_WEB_PORT", "eighty", "JCAN_WEB_PORT is 'eighty'"),
        ("JCAN_LINK_TTL", "3 days?", "JCAN_LINK_TTL is wrong"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    outcome = start(tmp_path, **{name: value}, **_other_ports(name))
    assert outcome.returncode == 1
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr


def _other_ports(but: str) -> dict[str, str]:
    """Give free ports to every part but one, so that a stack that runs meanwhile is not in the way."""
    names = [
        f"JCAN_{name}_PORT" for name in ("WEB", "TEMPORAL", "TEMPORAL_UI", "MAILBOX", "SMTP", "ECONTRACT")
    ]
    ports = {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
    ports.pop(but, None)
    return ports
