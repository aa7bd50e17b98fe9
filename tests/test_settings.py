"""Settings: read once, a wrong value stops the start with a sentence that does not tell the value."""

import base64
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, SecretStr

from cli.secret_files import SETTINGS as MAKERS
from cli.secret_files import marked
from settings import (
    DatabaseSettings,
    Settings,
    SettingsError,
    is_loopback,
    load_database_settings,
    load_settings,
    parse_keyring,
)

ROOT = Path(__file__).resolve().parent.parent
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
FIT = {
    "JCAN_PROFILE": "production",
    "JCAN_DATABASE_URL": "postgresql://jcan@db.example.jp/jcan",
    "JCAN_DATABASE_PASSWORD": "secret-3",
    "JCAN_WEB_ORIGIN": "https://lra.example.jp",
    "JCAN_ECONTRACT_URL": "https://contract.example.jp",
    "JCAN_SMTP_HOST": "mail.example.jp",
    "JCAN_SMTP_TLS": "starttls",
    "JCAN_AUTHORITY": "est",
}
KEYRINGS = ("MASTER_KEYS", "LINK_KEYS", "WEB_KEYS", "DIGEST_KEYS", "AUDIT_KEYS")
DURATIONS = ("LINK_TTL", "APPLICATION_TTL", "APPROVAL_TTL", "REVIEW_PATIENCE", "ISSUANCE_DELAY", "RETENTION")

WRONG: list[tuple[str, str, str]] = [
    ("JCAN_PROFILE", "staging", "expected 'demo' or 'production'"),
    ("JCAN_DATABASE_URL", "mysql://localhost/x", "expected postgresql://…"),
    ("JCAN_DATABASE_URL", "localhost", "expected postgresql://…"),
    *((f"JCAN_{name}", "example.jp", "http://…") for name in ("WEB_ORIGIN", "ECONTRACT_URL", "TEMPORAL_UI")),
    ("JCAN_WEB_PORT", "0", "a port from 1 to 65535"),
    ("JCAN_WEB_PORT", "http", "expected a number"),
    ("JCAN_SMTP_PORT", "65536", "a port from 1 to 65535"),
    ("JCAN_METRICS_PORT", "9464/tcp", "expected a number"),
    ("JCAN_TRUSTED_PROXIES", "proxy", "addresses or networks"),
    ("JCAN_SMTP_TLS", "ssl", "expected 'none', 'starttls' or 'tls'"),
    *((f"JCAN_{name}", "three days", "such as P3D") for name in DURATIONS),
    *((f"JCAN_{name}", "-P3D", "of zero or more") for name in DURATIONS),
    ("JCAN_CAPTCHA_ANSWER", "A!", "four to eight"),
    ("JCAN_AUTHORITY", "nobody", "expected 'local'"),
    ("JCAN_ECONTRACT_WEBHOOK_SECRET", "whsec_c2hvcnQ=", "24 to 64 bytes"),
    ("JCAN_ECONTRACT_WEBHOOK_SECRET", KEY, "expected whsec_"),
    *((f"JCAN_{name}", "1:c2hvcnQ", "has 5 bytes instead of 32") for name in KEYRINGS),
    *((f"JCAN_{name}", f"256:{KEY}", "an id from 0 to 255") for name in KEYRINGS),
    *((f"JCAN_{name}", KEY, "expected id:key") for name in KEYRINGS),
    *((f"JCAN_{name}", "1:a", "is not base64url") for name in KEYRINGS),
]
FREE = {
    *("JCAN_RUN_DIR", "JCAN_CA_DIR", "JCAN_WEB_HOST", "JCAN_METRICS_HOST", "JCAN_SMTP_HOST"),
    "JCAN_SMTP_USERNAME",
    *("JCAN_SMTP_PASSWORD", "JCAN_DATABASE_PASSWORD", "JCAN_ECONTRACT_KEY", "JCAN_CA_HOOK_KEY"),
}
"""Any text will do."""


class WithConnector(Settings):
    """The settings of a version that can reach another CA than the embedded one."""

    authority: Literal["local", "est"] = "local"  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def needed_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is needed is set."""
    for name in list(os.environ):
        if name.startswith("JCAN_"):
            monkeypatch.delenv(name)
    put(monkeypatch, NEEDED)


def put(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set variables of the environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def told() -> list[str]:
    """What is said about the settings, sentence by sentence."""
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value).splitlines()


def names(kind: type[BaseModel] = Settings) -> set[str]:
    """The settings' names in the environment."""
    return {f"JCAN_{name.upper()}" for name in kind.model_fields}


def test_the_defaults_are_those_of_the_specification() -> None:
    settings = load_settings()
    assert settings.link_ttl == timedelta(days=3)
    assert settings.application_ttl == timedelta(days=1)
    assert settings.approval_ttl == timedelta(days=14)
    assert settings.database_url.startswith("postgresql+psycopg://")


# --- missing and wrong


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    assert told() == [f"{name} is not set."]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [pytest.param(*each, id=f"{each[0].lower()}-{number}") for number, each in enumerate(WRONG)],
)
def test_a_wrong_value_is_named_with_what_is_expected_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    (sentence,) = told()
    assert sentence.startswith(f"{name} is wrong: ")
    assert expected in sentence
    assert not re.search(rf"\b{re.escape(value)}\b", sentence.removeprefix(name))


def test_every_setting_is_known_here_as_one_that_can_be_wrong_or_not() -> None:
    assert {name for name, _value, _expected in WRONG} | FREE == names()
    assert not {name for name, _value, _expected in WRONG} & FREE


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JCAN_MASTER_KEYS")
    put(monkeypatch, {"JCAN_WEB_PORT": "0", "JCAN_LINK_TTL": "3", "JCAN_CAPTCHA_ANSWER": "?"})
    assert [sentence.split()[0] for sentence in told()] == [
        *("JCAN_WEB_PORT", "JCAN_LINK_TTL", "JCAN_CAPTCHA_ANSWER", "JCAN_MASTER_KEYS")
    ]


def test_a_fixed_picture_is_refused_unless_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JCAN_CAPTCHA_ANSWER", "abcd2")
    assert load_settings().captcha_answer == "abcd2"
    monkeypatch.setenv("JCAN_WEB_HOST", "192.0.2.1")
    (sentence,) = told()
    assert "loopback" in sentence


def test_a_user_name_at_the_mail_server_needs_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JCAN_SMTP_USERNAME", "lra")
    assert told() == ["JCAN_SMTP_PASSWORD is wrong: expected the password of JCAN_SMTP_USERNAME."]
    monkeypatch.setenv("JCAN_SMTP_PASSWORD", "secret-4")
    assert load_settings().smtp_username == "lra"


def test_keyrings_keep_their_order_the_current_key_first() -> None:
    other = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    assert list(parse_keyring(f"7:{other},3:{KEY}")) == [7, 3]


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False)]
)
def test_loopback(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


# --- secrets from files


def test_a_secret_may_come_from_a_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "jcan_econtract_key").write_text("from the file\n", encoding="utf-8")
    (tmp_path / "jcan_link_ttl").write_text("P2D", encoding="utf-8")
    (tmp_path / "jcan_smtp_password").write_text("", encoding="utf-8")
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))
    assert load_settings().econtract_key.get_secret_value() == "secret-1"
    monkeypatch.delenv("JCAN_ECONTRACT_KEY")
    settings = load_settings()
    assert settings.econtract_key.get_secret_value() == "from the file"
    assert settings.link_ttl == timedelta(days=2)
    assert settings.smtp_password is None, "an empty file is a secret that nobody has filled in"


def test_an_empty_file_of_a_secret_that_is_needed_is_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JCAN_MASTER_KEYS")
    (tmp_path / "jcan_master_keys").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))
    assert told() == ["JCAN_MASTER_KEYS is not set."]


def test_the_databases_password_may_come_by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "jcan_database_password").write_text("p@ss/word", encoding="utf-8")
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))
    assert load_settings().database_url == "postgresql+psycopg://jcan:p%40ss%2Fword@/jcan?host=/tmp/socket"
    for name in NEEDED:
        if name != "JCAN_DATABASE_URL":
            monkeypatch.delenv(name)
    assert "p%40ss%2Fword" in load_database_settings().database_url


def test_a_password_beside_an_address_that_has_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        monkeypatch,
        {"JCAN_DATABASE_URL": "postgresql://a:b@db/x", "JCAN_DATABASE_PASSWORD": "secret-5"},
    )
    (sentence,) = told()
    assert "JCAN_DATABASE_PASSWORD" in sentence
    assert "secret-5" not in sentence


def test_a_folder_of_secrets_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path / "nothing"))
    assert told() == ["JCAN_SECRETS_DIR is wrong: expected a folder."]


def test_a_file_that_is_not_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "jcan_econtract_key").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))
    (sentence,) = told()
    assert sentence.startswith(f"A file in {tmp_path} cannot be read: expected text in UTF-8 ")
    assert '"econtract_key"' in sentence


def test_a_file_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "jcan_econtract_key"
    secret.write_text("x", encoding="utf-8")
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))

    def refused(path: Path, **_: str) -> str:
        # Whoever runs the tests as root may read everything.
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refused)
    (sentence,) = told()
    assert sentence.startswith(f"A file in {tmp_path} cannot be read: Permission denied ")
    assert '"econtract_key"' in sentence


# --- production


def test_production_refuses_what_is_good_enough_for_a_demo_and_says_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, {name: marked(make()) for name, make in MAKERS.items()})
    assert load_settings().profile == "demo"
    demo = {"JCAN_PROFILE": "production", "JCAN_CAPTCHA_ANSWER": "abcd2", "JCAN_SMTP_HOST": "192.0.2.1"}
    put(monkeypatch, demo)
    sentences = told()
    assert {sentence.split()[0] for sentence in sentences} == {
        *("JCAN_DATABASE_URL", "JCAN_WEB_ORIGIN", "JCAN_SMTP_TLS", "JCAN_ECONTRACT_URL"),
        *("JCAN_CAPTCHA_ANSWER", "JCAN_AUTHORITY"),
        *MAKERS,
    }
    assert all(" is wrong: production needs " in sentence for sentence in sentences)
    assert not any("DEMOONLY" in sentence or "abcd2" in sentence for sentence in sentences)


@pytest.mark.parametrize("name", MAKERS)
def test_a_demos_secret_is_known_wherever_it_is_copied_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    put(monkeypatch, FIT)
    secret = marked(MAKERS[name]())
    copies = [secret]
    if name.endswith("_KEYS"):
        key = secret.removeprefix("1:")
        copies = [secret, f"9:{key}", f"2:{KEY}, 1:{key}", f"1:{key}="]
    monkeypatch.delenv(name)
    monkeypatch.setenv("JCAN_SECRETS_DIR", str(tmp_path))
    for copy in copies:
        (tmp_path / name.lower()).write_text(copy, encoding="utf-8")
        assert any(sentence.startswith(f"{name} is wrong: production") for sentence in told()), name


def test_production_cannot_start_as_long_as_the_embedded_ca_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, FIT | {"JCAN_AUTHORITY": "local"})
    assert told() == [
        (
            "JCAN_AUTHORITY is wrong: production needs a CA connector other than the embedded CA, "
            "and this version has no other yet."
        )
    ]


def test_with_another_ca_nothing_else_stands_in_productions_way(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, FIT | {name: make() for name, make in MAKERS.items()})
    assert WithConnector().profile == "production"


@pytest.mark.parametrize(
    ("url", "fit"),
    [
        pytest.param("postgresql://jcan:secret@db/jcan", True, id="password"),
        pytest.param("postgresql://jcan@db/jcan?sslcert=/run/secrets/client.pem", True, id="certificate"),
        pytest.param("postgresql://jcan@db/jcan", False, id="nothing"),
    ],
)
def test_a_database_that_lets_everybody_in_is_none_for_production(url: str, *, fit: bool) -> None:
    if fit:
        assert DatabaseSettings(profile="production", database_url=url).database_url
        return
    with pytest.raises(ValueError, match="JCAN_DATABASE_PASSWORD"):
        DatabaseSettings(profile="production", database_url=url)


def test_a_mail_server_on_this_machine_needs_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, FIT | {"JCAN_SMTP_HOST": "localhost", "JCAN_SMTP_TLS": "none"})
    assert WithConnector().smtp_tls == "none"


def test_secrets_are_not_shown() -> None:
    settings = load_settings()
    shown = [name for name in Settings.model_fields if isinstance(getattr(settings, name), SecretStr)]
    assert len(shown) >= len(MAKERS)
    assert KEY not in repr(settings)


# --- the document


def test_every_setting_is_documented_exactly_once() -> None:
    rows = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    first = [row.split("|")[1] for row in rows if row.startswith("| `JCAN_")]
    documented = [name for cell in first for name in re.findall(r"`(JCAN_\w+)`", cell)]
    assert sorted(documented) == sorted(names() | {"JCAN_SECRETS_DIR"})
