"""Every setting of the system, read once at the start from the environment (`JCAN_…`)."""

import base64
import ipaddress
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSecret

KEY_BYTES = 32
HIGHEST_KEY_ID = 255
WEBHOOK_SECRET_BYTES = range(24, 65)
WEBHOOK_PREFIX = "whsec_"
SECRETS_DIR = "/run/secrets"
DEMO_MARK = "DEMOONLY"
"""How the random part of a demo's secret begins, in base64: it is known wherever it is copied to."""


S = TypeVar("S", bound="DatabaseSettings")


class SettingsError(Exception):
    """A setting is missing or wrong; the text is a sentence for the person who starts the process."""


def parse_keyring(text: str) -> dict[int, bytes]:
    """Read `id:key[,id:key…]` (ids 0–255, keys 32 bytes in base64url), the current key first.

    Raises ValueError, never naming a key's value.
    """
    ring: dict[int, bytes] = {}
    for entry in text.split(","):
        identifier, colon, encoded = entry.strip().partition(":")
        if not colon or not identifier.isdigit() or int(identifier) > HIGHEST_KEY_ID:
            raise ValueError("expected id:key entries with an id from 0 to 255")
        try:
            key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            raise ValueError(f"key {identifier} is not base64url") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {identifier} has {len(key)} bytes instead of {KEY_BYTES}")
        ring[int(identifier)] = key
    return ring


def parse_webhook_secret(text: str) -> bytes:
    """Read `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks writes a secret.

    Raises ValueError, never naming the secret.
    """
    prefix, encoded = text[: len(WEBHOOK_PREFIX)], text[len(WEBHOOK_PREFIX) :]
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if prefix != WEBHOOK_PREFIX or len(key) not in WEBHOOK_SECRET_BYTES:
        raise ValueError("expected whsec_ and 24 to 64 bytes in base64")
    return key


def with_password(url: str, password: str) -> str:
    """Put a password into the address of a database that names a user without one."""
    scheme, separator, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if not at or ":" in user:
        raise ValueError("JCAN_DATABASE_URL has to be postgresql://user@… beside JCAN_DATABASE_PASSWORD")
    return f"{scheme}{separator}{user}:{quote(password, safe='')}@{place}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_demo_secret(text: str) -> bool:
    """Tell whether a secret, or a key of a keyring, is one that `make run` made."""
    entries = (entry.strip().rpartition(":")[2] for entry in text.split(","))
    return any(entry.removeprefix(WEBHOOK_PREFIX).startswith(DEMO_MARK) for entry in entries)


def _has_password(url: str, _: Mapping[str, Any]) -> bool:
    return bool(urlsplit(url).password) or "sslcert" in parse_qs(urlsplit(url).query)


def _is_https(url: str, _: Mapping[str, Any]) -> bool:
    return url.startswith("https://")


def _is_own(secret: SecretStr, _: Mapping[str, Any]) -> bool:
    return not is_demo_secret(secret.get_secret_value())


IN_PRODUCTION: Mapping[str, tuple[Callable[[Any, Mapping[str, Any]], bool], str]] = {
    "database_url": (_has_password, "a password in it, JCAN_DATABASE_PASSWORD beside it, or sslcert=…"),
    "web_origin": (_is_https, "https://…"),
    "econtract_url": (_is_https, "https://…"),
    "smtp_tls": (
        lambda tls, before: tls != "none" or is_loopback(before.get("smtp_host", "")),
        "starttls or tls for a mail server on another machine",
    ),
    "captcha_answer": (lambda answer, _: answer is None, "it not to be set"),
    "authority": (
        lambda name, _: name != "local",
        "a CA connector other than the embedded CA, and this version has no other yet",
    ),
    **dict.fromkeys(
        (
            *("master_keys", "link_keys", "web_keys", "digest_keys", "audit_keys"),
            *("econtract_key", "econtract_webhook_secret", "ca_hook_key"),
        ),
        (_is_own, "a secret of its own, not a demo's; `jcan keys new FOLDER` makes one"),
    ),
}
"""What a setting has to be in production, seeing those declared before it; and what is said if not."""


class DatabaseSettings(BaseSettings):
    """Where the database is, and as whom we go there; with the password, if it is given by itself."""

    model_config = SettingsConfigDict(
        env_prefix="JCAN_",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    profile: Literal["demo", "production"] = "demo"
    database_url: str
    database_password: SecretStr | None = None

    @field_validator("*")
    @classmethod
    def _fit_for_production(cls, value: object, info: ValidationInfo) -> object:
        wanted = IN_PRODUCTION.get(str(info.field_name)) if info.data.get("profile") == "production" else None
        if wanted is not None:
            fits, expected = wanted
            if not fits(value, info.data):
                raise ValueError(f"production needs {expected}")
        return value

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgresql", "postgresql+psycopg"}:
            raise ValueError("expected postgresql://…")
        return f"postgresql+psycopg://{rest}"

    @model_validator(mode="before")
    @classmethod
    def _with_password(cls, given: dict[str, object]) -> dict[str, object]:
        # An empty file is a secret that nobody has filled in.
        given = {name: value for name, value in given.items() if value != ""}
        url, password = given.get("database_url"), given.get("database_password")
        if isinstance(url, str) and isinstance(password, str) and password:
            given["database_url"] = with_password(url, password)
        return given


class Settings(DatabaseSettings):
    """The settings; each is documented in `docs/settings.md` under its name in the environment."""

    run_dir: Path = Path(".run")

    temporal_ui: str = "http://127.0.0.1:8233"

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8000, ge=1, le=65535)
    web_origin: str = "http://127.0.0.1:8000"
    trusted_proxies: str = ""

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=8026, ge=1, le=65535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = "none"

    econtract_url: str = "http://127.0.0.1:8100"
    econtract_key: SecretStr
    econtract_webhook_secret: SecretStr

    link_ttl: timedelta = timedelta(days=3)
    application_ttl: timedelta = timedelta(days=1)
    approval_ttl: timedelta = timedelta(days=14)
    review_patience: timedelta = timedelta(days=5)
    issuance_delay: timedelta = timedelta(seconds=10)
    retention: timedelta = timedelta(days=90)

    captcha_answer: str | None = Field(default=None, pattern=r"^[a-z0-9]{4,8}$")

    authority: Literal["local"] = "local"
    ca_dir: Path = Path(".run/ca")
    ca_hook_key: SecretStr

    master_keys: SecretStr
    link_keys: SecretStr
    web_keys: SecretStr
    digest_keys: SecretStr
    audit_keys: SecretStr

    @field_validator("web_origin", "econtract_url", "temporal_ui")
    @classmethod
    def _absolute_without_slash(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise ValueError("expected http://… or https://…")
        return url.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses_or_networks(cls, proxies: str) -> str:
        for each in filter(None, proxies.split(",")):
            try:
                ipaddress.ip_network(each)
            except ValueError:
                raise ValueError("expected addresses or networks, separated by commas") from None
        return proxies

    @field_validator("smtp_password")
    @classmethod
    def _with_username(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if password is None and info.data.get("smtp_username"):
            raise ValueError("expected the password of JCAN_SMTP_USERNAME")
        return password

    @field_validator(
        "link_ttl", "application_ttl", "approval_ttl", "review_patience", "issuance_delay", "retention"
    )
    @classmethod
    def _not_negative(cls, duration: timedelta) -> timedelta:
        if duration < timedelta(0):
            raise ValueError("expected an ISO 8601 duration of zero or more, such as P3D or PT10S")
        return duration

    @field_validator("master_keys", "link_keys", "web_keys", "digest_keys", "audit_keys")
    @classmethod
    def _well_formed_keyring(cls, keys: SecretStr) -> SecretStr:
        parse_keyring(keys.get_secret_value())
        return keys

    @field_validator("econtract_webhook_secret")
    @classmethod
    def _well_formed_webhook_secret(cls, secret: SecretStr) -> SecretStr:
        parse_webhook_secret(secret.get_secret_value())
        return secret

    @field_validator("captcha_answer")
    @classmethod
    def _fixed_answer_on_loopback_only(cls, answer: str | None, info: ValidationInfo) -> str | None:
        if answer is not None and not is_loopback(info.data.get("web_host", "")):
            raise ValueError("it is refused unless JCAN_WEB_HOST is a loopback address")
        return answer

    @cached_property
    def master_keyring(self) -> dict[int, bytes]:
        """The keys that wrap each enrolment's data key."""
        return parse_keyring(self.master_keys.get_secret_value())

    @cached_property
    def link_keyring(self) -> dict[int, bytes]:
        """The keys that authenticate mailed links."""
        return parse_keyring(self.link_keys.get_secret_value())

    @cached_property
    def web_keyring(self) -> dict[int, bytes]:
        """The keys that seal cookies and forms."""
        return parse_keyring(self.web_keys.get_secret_value())

    @cached_property
    def audit_keyring(self) -> dict[int, bytes]:
        """The Ed25519 seeds that sign the audit trail's head (RFC 8032), never in the database."""
        return parse_keyring(self.audit_keys.get_secret_value())

    @cached_property
    def webhook_key(self) -> bytes:
        """The key that signs the events that the e-contract service is sent."""
        return parse_webhook_secret(self.econtract_webhook_secret.get_secret_value())

    @cached_property
    def digest_key(self) -> bytes:
        """The key of the digests that find an address without telling it; it is never rotated alone."""
        return next(iter(parse_keyring(self.digest_keys.get_secret_value()).values()))


def load_settings() -> Settings:
    """Read the settings from the environment, and from the files of the secrets' folder.

    Raises SettingsError with one sentence per missing or wrong setting, without their values.
    """
    return _loaded(Settings)


def load_database_settings() -> DatabaseSettings:
    """Read only what a migration needs, in the same way. Raises SettingsError."""
    return _loaded(DatabaseSettings)


def secrets_folder() -> Path | None:
    """Give the folder that has a file for each secret (`jcan_master_keys`, …), if there is one.

    Raises SettingsError.
    """
    asked = os.environ.get("JCAN_SECRETS_DIR")
    folder = Path(asked or SECRETS_DIR)
    if folder.is_dir():
        return folder
    if asked:
        raise SettingsError("JCAN_SECRETS_DIR is wrong: expected a folder.")
    return None


def environment_with_secrets() -> dict[str, str]:
    """Give the environment, and what it lacks from the files of the secrets' folder, by names in capitals."""
    folder = secrets_folder()
    files = [] if folder is None else folder.glob("jcan_*")
    return {file.name.upper(): file.read_text(encoding="utf-8").strip() for file in files} | os.environ


def _loaded(kind: type[S]) -> S:
    folder = secrets_folder()
    try:
        return kind(_secrets_dir=folder)
    except ValidationError as error:
        found = [_sentence(e["loc"], e["type"], e["msg"]) for e in error.errors()]
        raise SettingsError("\n".join(found)) from None
    except UnreadableSecret as error:
        why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else "expected text in UTF-8"
        raise SettingsError(f"A file in {folder} cannot be read: {why} ({error}).") from None


_EXPECTED = {
    "time_delta_parsing": "expected an ISO 8601 duration such as P3D or PT10S",
    "int_parsing": "expected a number",
    "greater_than_equal": "expected a port from 1 to 65535",
    "less_than_equal": "expected a port from 1 to 65535",
    "string_pattern_mismatch": "expected four to eight of a–z and 0–9",
}


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ") + "."
    name = "JCAN_" + "_".join(str(part) for part in location).upper()
    if kind == "missing":
        return f"{name} is not set."
    told = message.removeprefix("Value error, ").replace("Input should be", "expected")
    return f"{name} is wrong: {_EXPECTED.get(kind, told)}."
