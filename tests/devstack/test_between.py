"""What a person may put between the stack's own processes and the counterparts."""

from pathlib import Path

from devstack.ports import Ports
from devstack.run_dir import RunDir
from devstack.stack import our_environment


def environment(tmp_path: Path, **inherited: str) -> dict[str, str]:
    return our_environment(inherited, {}, "postgresql://", Ports(), RunDir(tmp_path))


def test_nothing_stands_between_by_itself(tmp_path: Path) -> None:
    ours = environment(tmp_path)
    assert ours["JCAN_ECONTRACT_URL"] == "http://127.0.0.1:8100"
    assert (ours["JCAN_SMTP_HOST"], ours["JCAN_SMTP_PORT"]) == ("127.0.0.1", "8026")


def test_a_proxy_before_the_service_and_a_relay_before_the_mail_catcher(tmp_path: Path) -> None:
    between = {"JCAN_ECONTRACT_URL": "http://127.0.0.1:1", "JCAN_SMTP_RELAY_PORT": "2"}
    ours = environment(tmp_path, **between)
    assert ours["JCAN_ECONTRACT_URL"] == "http://127.0.0.1:1"
    assert (ours["JCAN_SMTP_HOST"], ours["JCAN_SMTP_PORT"]) == ("127.0.0.1", "2")
    assert ours["JCAN_ECONTRACT_PORT"] == "8100"
