"""The run directory: held by one stack, its secrets kept, its logs kept small, its troubles named."""

import errno
import os
import stat
import sys
from pathlib import Path
from subprocess import run

import pytest

from devstack.failures import CannotStart, explain_os_error
from devstack.run_dir import RunDir, write_json
from devstack.secrets_file import keep_secrets
from settings import parse_keyring


def test_a_second_stack_on_the_same_folder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from devstack.run_dir import RunDir\n"
        "with RunDir(Path(sys.argv[1])).held(): pass"
    )
    with RunDir(tmp_path).held():
        second = run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert f"A stack already runs in {tmp_path} (process {os.getpid()})" in second.stderr


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with RunDir(tmp_path).held():
            assert (tmp_path / "log").is_dir()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(CannotStart, match=r"run is in the way"), RunDir(tmp_path / "run").held():
        pass


def test_a_disk_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.run_dir._NEEDED_BYTES", 1 << 62)
    with pytest.raises(CannotStart, match=f"The disk that holds {tmp_path} is full"), RunDir(tmp_path).held():
        pass


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EACCES, "cannot be used by this user"),
        (errno.EROFS, "cannot be used by this user"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_errors_of_the_system_become_sentences(number: int, words: str) -> None:
    sentence = str(explain_os_error(OSError(number, os.strerror(number), "/x/y"), Path("/x")))
    assert "/x/y" in sentence
    assert words in sentence


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = keep_secrets(path, ["leopalace"])
    assert keep_secrets(path, ["leopalace"]) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(first.values())
    for ring in ("MASTER", "LINK", "WEB", "DIGEST", "AUDIT"):
        assert len(parse_keyring(first[f"JCAN_{ring}_KEYS"])[1]) == 32


def test_a_new_kind_of_secret_is_added_to_the_kept_ones(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = keep_secrets(path, ["leopalace"])
    more = keep_secrets(path, ["leopalace", "contracthub"])
    assert more.items() > first.items()
    assert more["JCAN_DEMO_API_KEY_CONTRACTHUB"] not in first.values()


def test_files_are_replaced_in_one_piece_and_private(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write_json(path, {"web": "a"})
    with path.open() as earlier:
        write_json(path, {"web": "b"})
        assert '"a"' in earlier.read()
    assert '"b"' in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_large_logs_are_put_aside_and_the_oldest_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devstack.run_dir._LARGEST_LOG", 4)
    run_dir = RunDir(tmp_path)
    with run_dir.held():
        for text in ("first", "second", "third", "fourth"):
            run_dir.log("web").write_text(text)
            run_dir.rotate_logs()
        run_dir.log("web").write_text("now")
        run_dir.rotate_logs()
    kept = {path.name: path.read_text() for path in run_dir.logs.glob("web*")}
    assert kept == {"web.log": "now", "web.log.1": "fourth", "web.log.2": "third", "web.log.3": "second"}
