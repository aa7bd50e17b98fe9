"""Settings: read once, a wrong value stops the start with a sentence that does not tell the value."""

import base64
import os
from datetime import timedelta

import pytest

from settings import SettingsError, is_loopback, load_settings, parse_keyring

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
NEEDED = {
    "JCAN_DATABASE_URL": "postgresql://jcan@/jcan?host=/tmp/socket",
    "JCAN_ECONTRACT_KEY": "secret-1",
    "JCAN_ECONTRACT_WEBHOOK_SECRET": f"whsec_{base64.b64encode(os.urandom(32)).decode()}",
    "JCAN_CA_HOOK_KEY": "secret-2",
    "JCAN_MASTER_KEYS": f"1:{KEY}",
    "JCAN_LINK_KEYS": f"1:{KEY}",
    "JCAN_WEB_KEYS": f"1:{KEY}",
    "JCAN_DIGEST_KEYS": f"1:{KEY}",
    "JCAN_AUDIT_KEYS": f"1:{KEY}",
}


@pytest.fixture(autouse=True)
def needed_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is needed is set."""
    for name in list(os.environ):
        if name.startswith("JCAN_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_the_defaults_are_those_of_the_specification() -> None:
    settings = load_settings()
    assert settings.link_ttl == timedelta(days=3)
    assert settings.application_ttl == timedelta(days=1)
    assert settings.approval_ttl == timedelta(days=14)
    assert settings.database_url.startswith("postgresql+psycopg://")


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JCAN_LINK_TTL", "three days"),
        ("JCAN_LINK_TTL", "-P3D"),
        ("JCAN_WEB_PORT", "0"),
        ("JCAN_WEB_ORIGIN", "example.jp"),
        ("JCAN_DATABASE_URL", "mysql://localhost/x"),
        ("JCAN_MASTER_KEYS", "1:c2hvcnQ"),
        ("JCAN_LINK_KEYS", f"256:{KEY}"),
        ("JCAN_PROFILE", "staging"),
        ("JCAN_ECONTRACT_WEBHOOK_SECRET", "whsec_c2hvcnQ="),
        ("JCAN_ECONTRACT_WEBHOOK_SECRET", KEY),
        ("JCAN_CAPTCHA_ANSWER", "A!"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert name in str(told.value)
    assert KEY not in str(told.value)


def test_a_fixed_picture_is_refused_unless_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JCAN_CAPTCHA_ANSWER", "abcd2")
    assert load_settings().captcha_answer == "abcd2"
    monkeypatch.setenv("JCAN_WEB_HOST", "192.0.2.1")
    with pytest.raises(SettingsError, match="loopback"):
        load_settings()


def test_keyrings_keep_their_order_the_current_key_first() -> None:
    other = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    assert list(parse_keyring(f"7:{other},3:{KEY}")) == [7, 3]


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False)]
)
def test_loopback(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
