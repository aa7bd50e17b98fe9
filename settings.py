"""Every setting of the system, read once at the start from the environment (`JCAN_…`)."""

import base64
import ipaddress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KEY_BYTES = 32
HIGHEST_KEY_ID = 255
WEBHOOK_SECRET_BYTES = range(24, 65)
WEBHOOK_PREFIX = "whsec_"


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


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """The settings; each is documented in `docs/settings.md` under its name in the environment."""

    model_config = SettingsConfigDict(env_prefix="JCAN_", frozen=True, hide_input_in_errors=True)

    profile: Literal["demo", "production"] = "demo"
    run_dir: Path = Path(".run")
    database_url: str

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_ui: str = "http://127.0.0.1:8233"

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8000, ge=1, le=65535)
    web_origin: str = "http://127.0.0.1:8000"

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

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgresql", "postgresql+psycopg"}:
            raise ValueError("expected postgresql://…")
        return f"postgresql+psycopg://{rest}"

    @field_validator("web_origin", "econtract_url", "temporal_ui")
    @classmethod
    def _absolute_without_slash(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise ValueError("expected http://… or https://…")
        return url.rstrip("/")

    @field_validator(
        "link_ttl", "application_ttl", "approval_ttl", "review_patience", "issuance_delay", "retention"
    )
    @classmethod
    def _not_negative(cls, duration: timedelta) -> timedelta:
        if duration < timedelta(0):
            raise ValueError("expected a positive ISO 8601 duration such as P3D or PT10S")
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

    @model_validator(mode="after")
    def _fixed_answer_on_loopback_only(self) -> "Settings":
        if self.captcha_answer is not None and not is_loopback(self.web_host):
            raise ValueError("JCAN_CAPTCHA_ANSWER is refused unless JCAN_WEB_HOST is a loopback address")
        return self

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
    """Read the settings from the environment.

    Raises SettingsError with one sentence per missing or wrong setting, without their values.
    """
    try:
        return Settings.model_validate({})
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(e["loc"], e["msg"]) for e in error.errors())) from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ") + "."
    name = "JCAN_" + "_".join(str(part) for part in location).upper()
    if message == "Field required":
        return f"{name} is not set."
    return f"{name} is wrong: {message.removeprefix('Value error, ')}."
