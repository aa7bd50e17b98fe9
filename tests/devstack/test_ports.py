"""Ports: read from the environment, and a taken one named with its variable."""

import os
import socket
from dataclasses import replace

import pytest

from devstack.failures import CannotStart
from devstack.free_ports import check_free, step_aside
from devstack.ports import Ports, read_ports
from tests.running.free_ports import free_ports


def test_the_usual_ports_when_nothing_is_set() -> None:
    assert read_ports({}) == Ports(8000, 7233, 8233, 8025, 8026, 8100)


def test_each_port_has_its_variable() -> None:
    names = ("WEB", "TEMPORAL", "TEMPORAL_UI", "MAILBOX", "SMTP", "ECONTRACT")
    chosen = {f"JCAN_{name}_PORT": str(9000 + number) for number, name in enumerate(names)}
    assert read_ports(chosen) == Ports(9000, 9001, 9002, 9003, 9004, 9005)


@pytest.mark.parametrize("text", ["0", "65536", "eighty", "-1", "８０００", "80 00"])
def test_what_is_no_port_is_refused_with_its_variable(text: str) -> None:
    with pytest.raises(CannotStart, match="JCAN_WEB_PORT is"):
        read_ports({"JCAN_WEB_PORT": text})


def test_two_parts_on_one_port_are_refused() -> None:
    with pytest.raises(CannotStart, match="JCAN_WEB_PORT and JCAN_MAILBOX_PORT are both 8025"):
        read_ports({"JCAN_WEB_PORT": "8025"})


def test_a_busy_port_is_named_with_its_variable_its_holder_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(CannotStart) as failure:
            check_free(replace(Ports(*free_ports(8)), mailbox=port))
    assert f"Port {port} is in use by process {os.getpid()}" in str(failure.value)
    assert "set JCAN_MAILBOX_PORT to another port" in str(failure.value)


def test_free_ports_are_let_pass() -> None:
    check_free(Ports(*free_ports(8)))


def test_metrics_step_aside_unless_somebody_asks_for_their_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        usual = replace(Ports(*free_ports(8)), web_metrics=port, worker_metrics=port + 1)
        moved = step_aside(usual, {})
        assert moved.web_metrics not in {port, port + 1, moved.worker_metrics}
        assert replace(moved, web_metrics=port, worker_metrics=port + 1) == usual
        assert step_aside(usual, {"JCAN_WEB_METRICS_PORT": str(port)}).web_metrics == port


def test_metrics_leave_their_usual_ports_to_a_part_that_is_to_have_one() -> None:
    ports = step_aside(read_ports({"JCAN_WEB_PORT": "9464"}), {})
    assert ports.web == 9464
    assert ports.web_metrics not in {9464, ports.worker_metrics}
    with pytest.raises(CannotStart, match="JCAN_WEB_PORT and JCAN_WEB_METRICS_PORT are both 9464"):
        read_ports({"JCAN_WEB_PORT": "9464", "JCAN_WEB_METRICS_PORT": "9464"})
