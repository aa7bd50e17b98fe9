"""docker-compose.yml as Compose reads it: merged, with its variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
DEMO = ROOT / ".env.demo"
OUR_IMAGE = "jcan-lra"

# $$, ${NAME}, ${NAME:-default}, ${NAME:?message}: Compose specification, "Interpolation".
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\})")


class Missing(Exception):
    """A variable that has to be set is not."""


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Limits(_Read):
    """What a container may use at most."""

    cpus: str
    memory: str
    pids: int


class Resources(_Read):
    """The limits of a container."""

    limits: Limits


class Deploy(_Read):
    """How many containers, and how large."""

    replicas: int = 1
    resources: Resources


class Healthcheck(_Read):
    """How a container is asked whether it is well."""

    test: list[str]


class Secret(_Read):
    """Which secret is mounted under which name."""

    source: str
    target: str


class Port(_Read):
    """A published port."""

    target: int
    host_ip: str
    published: str


class Service(_Read):
    """One service."""

    image: str
    build: str | None = None
    pull_policy: str = "missing"
    command: list[str] = []
    environment: dict[str, str] = {}
    user: str
    secrets: list[Secret] = []
    volumes: list[str] = []
    tmpfs: list[str] = []
    ports: list[Port] = []
    networks: list[str] = []
    profiles: list[str] = []
    depends_on: dict[str, dict[str, str]] = {}
    healthcheck: Healthcheck | None = None
    deploy: Deploy
    restart: str
    init: bool = False
    read_only: bool = False
    cap_add: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    logging: dict[str, Any] = {}
    stop_grace_period: str = "10s"

    @field_validator("secrets", mode="before")
    @classmethod
    def _long_form(cls, secrets: list[Any]) -> list[Any]:
        return [{"source": each, "target": each} if isinstance(each, str) else each for each in secrets]

    @field_validator("networks", mode="before")
    @classmethod
    def _names(cls, networks: list[str] | dict[str, Any]) -> list[str]:
        return list(networks)

    @property
    def is_job(self) -> bool:
        """Whether it runs to its end."""
        return self.restart.startswith("on-failure")

    @property
    def is_ours(self) -> bool:
        """Whether it runs code of this repository."""
        return self.image.partition(":")[0] == OUR_IMAGE


class Network(_Read):
    """A network."""

    internal: bool = False


class Composition(_Read):
    """The whole file."""

    services: dict[str, Service]
    networks: dict[str, Network]
    secrets: dict[str, dict[str, str]]

    @field_validator("networks", mode="before")
    @classmethod
    def _described(cls, networks: dict[str, Any]) -> dict[str, Any]:
        return {name: network or {} for name, network in networks.items()}


def parsed() -> dict[str, Any]:
    """The file with its anchors and merges resolved, its variables as they are written."""
    content: dict[str, Any] = YAML(typ="safe").load(FILE)
    return content


def composition(variables: Mapping[str, str]) -> Composition:
    """The file with its variables filled in. Raises Missing."""
    return Composition.model_validate(_filled(parsed(), variables))


def demo_variables() -> dict[str, str]:
    """What .env.demo sets."""
    lines = DEMO.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _equals, value in pairs}


def variables_in(content: object) -> set[str]:
    """The names of the variables in (part of) the file."""
    if isinstance(content, dict):
        return set().union(*(variables_in(value) for value in content.values()))
    if isinstance(content, list):
        return set().union(*(variables_in(value) for value in content))
    return {found["name"] for found in VARIABLE.finditer(str(content)) if found["name"]}


def _filled(content: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {name: _filled(value, variables) for name, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, variables) for value in content]
    if not isinstance(content, str):
        return content

    def value(found: re.Match[str]) -> str:
        given = variables.get(found["name"] or "", "")
        if found["dollar"] or given:
            return found["dollar"] or given
        if found["kind"] == "?":
            raise Missing(f"{found['name']}: {found['text']}")
        return found["text"] or ""

    return VARIABLE.sub(value, content)
