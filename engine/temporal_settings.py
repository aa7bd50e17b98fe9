"""Where Temporal is and how to get in, from its own environment variables and configuration file.

They are those of every Temporal client: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
`TEMPORAL_TLS…`, and a profile (`TEMPORAL_PROFILE`) of a file (`TEMPORAL_CONFIG_FILE`).
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.service import TLSConfig

from settings import Settings, SettingsError, load_settings

_TLS = "TEMPORAL_TLS_"
_BOTH = re.compile(r"Cannot specify both (TEMPORAL_\w+) and (TEMPORAL_\w+)")
_LINE = re.compile(r"TOML parse error at line (\d+)")


@dataclass(frozen=True)
class TemporalSettings:
    """Where to connect, and with what; `tls` False: in clear."""

    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    tls: bool | TLSConfig = field(default=False, repr=False)
    api_key: str | None = field(default=None, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def connect(
        self, converter: DataConverter = DataConverter.default, *, lazy: bool = False
    ) -> Client:
        """Give a client, a `lazy` one connected at its first call.

        Raises RuntimeError while Temporal cannot be reached.
        """
        return await Client.connect(
            self.address,
            namespace=self.namespace,
            tls=self.tls,
            api_key=self.api_key,
            rpc_metadata=self.metadata,
            data_converter=converter,
            lazy=lazy,
        )


def load_everything() -> tuple[Settings, TemporalSettings]:
    """Read our settings and Temporal's. Raises SettingsError with what is wrong with either."""
    problems: list[str] = []
    try:
        settings = load_settings()
    except SettingsError as error:
        problems.append(str(error))
    try:
        temporal = load_temporal_settings()
    except SettingsError as error:
        problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))
    return settings, temporal


def load_temporal_settings() -> TemporalSettings:
    """Read Temporal's settings. Raises SettingsError with a sentence, without their values."""
    given = {name: value for name, value in os.environ.items() if value}
    file = given.get("TEMPORAL_CONFIG_FILE")
    if file and not Path(file).exists():
        raise SettingsError("TEMPORAL_CONFIG_FILE is wrong: there is no such file.")
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=given, config_file_strict=True)
    except OSError as error:
        raise SettingsError(_unreadable(error, given)) from None
    except RuntimeError as error:
        raise SettingsError(_sentence(str(error))) from None
    default = TemporalSettings()
    tls = config.get("tls", False)
    if isinstance(tls, TLSConfig):
        _check(tls)
    return TemporalSettings(
        address=_address(config.get("target_host", default.address)),
        namespace=config.get("namespace", default.namespace),
        tls=tls,
        api_key=config.get("api_key"),
        metadata=config.get("rpc_metadata", {}),
    )


def _address(text: str) -> str:
    if re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):\d{1,5}", text) is None:
        raise SettingsError("TEMPORAL_ADDRESS is wrong: expected HOST:PORT.")
    return text


def _check(tls: TLSConfig) -> None:
    """Look at what would be told in the middle of a connection only, as if Temporal were away."""
    if (tls.client_cert is None) != (tls.client_private_key is None):
        raise SettingsError(
            f"{_TLS}CLIENT_CERT_PATH and {_TLS}CLIENT_KEY_PATH are set together or not at all."
        )
    _check_pem(f"{_TLS}SERVER_CA_CERT", "certificates", tls.server_root_ca_cert, load_pem_x509_certificates)
    _check_pem(f"{_TLS}CLIENT_CERT", "certificates", tls.client_cert, load_pem_x509_certificates)
    _check_pem(
        f"{_TLS}CLIENT_KEY",
        "a key without a password",
        tls.client_private_key,
        lambda pem: load_pem_private_key(pem, None),
    )


def _check_pem(name: str, expected: str, pem: bytes | None, read: Callable[[bytes], object]) -> None:
    if pem is None:
        return
    try:
        read(pem)
    except (ValueError, TypeError):
        raise SettingsError(f"{name}_PATH or {name}_DATA is wrong: expected {expected} in PEM.") from None


def _unreadable(error: OSError, given: Mapping[str, str]) -> str:
    """Name the variable whose file cannot be read."""
    names = [name for name, value in given.items() if name.startswith(_TLS) and value == error.filename]
    return (
        f"{' and '.join(names) or 'A file named in TEMPORAL_CONFIG_FILE'} cannot be read: {error.strerror}."
    )


def _sentence(message: str) -> str:
    """Say what the configuration's reader has met; its own words may quote a line, with a key in it."""
    if both := _BOTH.search(message):
        return f"{both[1]} and {both[2]} are both set: expected one of them."
    if line := _LINE.search(message):
        return f"TEMPORAL_CONFIG_FILE is wrong in line {line[1]}: expected profiles in TOML."
    if message.startswith("Profile "):
        return "TEMPORAL_PROFILE is wrong: expected the name of a profile in TEMPORAL_CONFIG_FILE."
    return "TEMPORAL_CONFIG_FILE is wrong: it cannot be read."
