"""Temporal's own settings: read as every Temporal client reads them, a wrong one told without its value."""

import os
from pathlib import Path

import pytest

from engine.temporal_settings import TemporalSettings, load_everything, load_temporal_settings
from settings import SettingsError

SECRET = "not-to-be-told"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the person's environment nor their configuration file counts."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def told() -> str:
    """What is said about the settings."""
    with pytest.raises(SettingsError) as error:
        load_temporal_settings()
    return str(error.value)


def test_without_any_it_is_the_server_of_make_run() -> None:
    assert load_temporal_settings() == TemporalSettings()
    assert (TemporalSettings().address, TemporalSettings().namespace) == ("127.0.0.1:7233", "default")


def test_a_server_of_ones_own_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "lra")
    settings = load_temporal_settings()
    assert (settings.address, settings.namespace, settings.tls) == ("temporal:7233", "lra", False)


def test_an_api_key_means_tls_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "lra.a1b2c.tmprl.cloud:7233")
    monkeypatch.setenv("TEMPORAL_API_KEY", SECRET)
    settings = load_temporal_settings()
    assert settings.api_key == SECRET
    assert settings.tls
    assert SECRET not in repr(settings)


def test_a_profile_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.cloud]\naddress = "cloud:7233"\nnamespace = "lra"\n', encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    monkeypatch.setenv("TEMPORAL_PROFILE", "cloud")
    assert load_temporal_settings().address == "cloud:7233"
    monkeypatch.setenv("TEMPORAL_PROFILE", "nobody")
    assert told() == ("TEMPORAL_PROFILE is wrong: expected the name of a profile in TEMPORAL_CONFIG_FILE.")


def test_a_file_that_is_wrong_is_told_by_its_line_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.default]\napi_key = "{SECRET}" oops\n', encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    assert told() == "TEMPORAL_CONFIG_FILE is wrong in line 2: expected profiles in TOML."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        pytest.param("ADDRESS", "temporal", "TEMPORAL_ADDRESS is wrong: expected HOST:PORT.", id="no-port"),
        pytest.param(
            "ADDRESS", "https://temporal:7233", "TEMPORAL_ADDRESS is wrong: expected HOST:PORT.", id="url"
        ),
        pytest.param(
            "CONFIG_FILE",
            "/nowhere/temporal.toml",
            "TEMPORAL_CONFIG_FILE is wrong: there is no such file.",
            id="no-file",
        ),
        pytest.param(
            "TLS_SERVER_CA_CERT_PATH",
            "/nowhere/ca.pem",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH cannot be read: No such file or directory.",
            id="no-ca-certificate",
        ),
        pytest.param(
            "TLS_SERVER_CA_CERT_DATA",
            SECRET,
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH or TEMPORAL_TLS_SERVER_CA_CERT_DATA is wrong: expected "
            "certificates in PEM.",
            id="no-certificate",
        ),
        pytest.param(
            "TLS_CLIENT_KEY_DATA",
            SECRET,
            "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH are set together or not at all.",
            id="a-key-alone",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"TEMPORAL_{name}", value)
    assert told() == sentence


def test_what_is_wrong_with_ours_and_with_temporals_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JCAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal")
    with pytest.raises(SettingsError) as error:
        load_everything()
    assert "JCAN_DATABASE_URL is not set." in str(error.value)
    assert "TEMPORAL_ADDRESS is wrong" in str(error.value)
