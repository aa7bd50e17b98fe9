"""What `make` does before anything else: the environment from the lock, a browser for the tests."""

import re
import stat
from pathlib import Path

import pytest

from devstack import browser, environment


def test_every_entry_of_the_lock_is_pinned_hashed_and_names_no_address() -> None:
    lock = environment.LOCK.read_text()
    entries = re.findall(
        r"^[a-z0-9][^ ]*==[^ ]+(?: ;[^\\]*)? \\\n(?:    --hash=sha256:[0-9a-f]{64})", lock, re.MULTILINE
    )
    assert len(entries) == len(re.findall(r"^\S", lock, re.MULTILINE))
    assert "://" not in lock


def test_the_lock_has_everything_that_the_manifest_asks_for() -> None:
    manifest = (environment.ROOT / "pyproject.toml").read_text()
    block = manifest.split("dependencies = [", 1)[1].split("[project.scripts]", 1)[0]
    asked = re.findall(r'^    "([a-z0-9-]+)', block, re.MULTILINE)
    lock = environment.LOCK.read_text()
    assert len(asked) > 20
    assert [name for name in asked if not environment.pinned(lock, name)] == []


def test_an_entry_is_taken_with_all_of_its_hashes() -> None:
    lock = "ux==1\nuv==2 \\\n    --hash=sha256:b \\\n    --hash=sha256:c\n    # via x\nvx==3\n"
    assert environment.pinned(lock, "uv").count("--hash") == 2


def test_a_package_that_is_not_in_the_lock_is_named() -> None:
    with pytest.raises(environment.NotInstalled, match="nosuch"):
        environment.pinned("uv==2\n", "nosuch")


def test_a_changed_lock_changes_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment.fingerprint()
    changed = tmp_path / "requirements.lock"
    changed.write_text(environment.LOCK.read_text() + "# new\n")
    monkeypatch.setattr(environment, "LOCK", changed)
    assert environment.fingerprint() != before


def _program(path: Path, code: int) -> Path:
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_an_installed_browser_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = _program(tmp_path / "google-chrome", 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JCAN_BROWSER", raising=False)
    assert browser.find_browser() == installed


def test_a_browser_that_does_not_start_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "chromium", 1)
    working = _program(tmp_path / "google-chrome", 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JCAN_BROWSER", raising=False)
    assert browser.find_browser() == working


def test_without_any_browser_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JCAN_BROWSER", str(tmp_path / "nothing"))
    monkeypatch.setattr(browser, "_install_packages", lambda: None)
    monkeypatch.setattr(browser, "_download", lambda: None)
    assert browser.main() == 1
    assert "install Chromium" in capsys.readouterr().err


def test_without_japanese_fonts_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JCAN_BROWSER", str(_program(tmp_path / "chromium", 0)))
    monkeypatch.setattr(browser, "_install_packages", lambda: None)
    monkeypatch.setattr(browser, "japanese_fonts", lambda: False)
    assert browser.main() == 1
    assert "fonts-noto-cjk" in capsys.readouterr().err
