"""docker-compose.yml: what it promises holds for every service, and every name in it is a real one."""

import json
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.pool import QueuePool

from cli.secret_files import make_folder
from records.database import Database
from settings import Settings
from tenants import load_tenants
from tests.deploy.composition import (
    DEMO,
    FILE,
    ROOT,
    Composition,
    Missing,
    Service,
    composition,
    demo_variables,
    parsed,
    variables_in,
)
from web.__main__ import PATIENCE_SECONDS
from worker import GRACEFUL
from workflows.names import SEARCH_ATTRIBUTES

DEMO_FILE = composition(demo_variables())
NAMES = sorted(DEMO_FILE.services)
JOBS = sorted(name for name, service in DEMO_FILE.services.items() if service.is_job)
SERVERS = sorted(set(NAMES) - set(JOBS))
NEEDED_IN_PRODUCTION = {"JCAN_WEB_ORIGIN", "JCAN_SMTP_HOST", "JCAN_ECONTRACT_URL"}

# What others' images read: the server's and the UI's configuration templates, the CLI, the SQL tool.
OTHERS_VARIABLES = {
    *("DB", "DB_PORT", "POSTGRES_SEEDS", "POSTGRES_USER", "BIND_ON_IP", "NUM_HISTORY_SHARDS"),
    *("DYNAMIC_CONFIG_FILE_PATH", "LOG_LEVEL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"),
    *("TEMPORAL_DEFAULT_NAMESPACE", "TEMPORAL_UI_PORT", "TEMPORAL_UI_PUBLIC_PATH", "TEMPORAL_CODEC_ENDPOINT"),
    *("TEMPORAL_CORS_ORIGINS", "TEMPORAL_DISABLE_NEWS_FETCH"),
    *("SQL_PLUGIN", "SQL_HOST", "SQL_PORT", "SQL_USER"),
    *("POSTGRES_PASSWORD_FILE", "MP_DISABLE_VERSION_CHECK", "SSL_CERT_FILE"),
}
STAND_INS_VARIABLES = {"JCAN_ECONTRACT_HOST", "JCAN_ECONTRACT_PORT", "JCAN_ECONTRACT_NAMES"}
TEMPORALS_OWN = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}
COMPOSES_OWN = {
    *("JCAN_HTTPS_ADDRESS", "JCAN_HTTPS_PORT", "JCAN_FRONT_NETWORK", "JCAN_TRUSTED_CERTIFICATES"),
    *("JCAN_LOAD_BALANCERS", "JCAN_WEB_REPLICAS", "JCAN_WORKER_REPLICAS"),
}
# Connections to PostgreSQL at most: four services of Temporal's with 20 and 10; a pool of a process of ours.
TEMPORALS_CONNECTIONS = 4 * (20 + 10)
OUR_CONNECTIONS = 5 + 10


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest) -> Service:
    return DEMO_FILE.services[str(request.param)]


def _document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def _settings() -> set[str]:
    return {f"JCAN_{name.upper()}" for name in Settings.model_fields}


def _seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]
    return timedelta(**{{"s": "seconds", "m": "minutes"}[unit]: int(number)}).total_seconds()


def test_it_is_a_compose_file_by_the_specifications_schema() -> None:
    program = Path(sysconfig.get_path("scripts")) / "check-jsonschema"
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_no_container_can_do_more_than_it_needs(service: Service) -> None:
    user, _colon, group = service.user.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service.read_only
    assert service.init
    assert service.cap_drop == ["ALL"]
    assert service.security_opt == ["no-new-privileges:true"]
    assert service.deploy.resources.limits.pids <= 500


def test_only_the_proxy_has_a_capability_and_a_published_port() -> None:
    assert [name for name in NAMES if DEMO_FILE.services[name].cap_add] == ["proxy"]
    assert [name for name in NAMES if DEMO_FILE.services[name].ports] == ["proxy"]
    assert len(DEMO_FILE.services["proxy"].ports) == 1


def test_the_demo_listens_on_this_machine_only() -> None:
    (port,) = DEMO_FILE.services["proxy"].ports
    assert port.host_ip == "127.0.0.1"
    assert demo_variables()["JCAN_WEB_ORIGIN"].endswith(f":{port.published}")


def test_no_log_fills_a_disk(service: Service) -> None:
    assert service.logging["options"]["max-size"]
    assert service.logging["options"]["max-file"]


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_is_watched_and_comes_back(name: str) -> None:
    server = DEMO_FILE.services[name]
    assert server.restart == "unless-stopped"
    assert server.healthcheck is not None
    assert server.healthcheck.test[0] == "CMD"


def test_what_has_to_be_done_first_are_jobs_that_others_wait_for() -> None:
    awaited = {
        (name, needed, condition["condition"])
        for name, service in DEMO_FILE.services.items()
        for needed, condition in service.depends_on.items()
    }
    for name, needed, condition in awaited:
        wanted = "service_completed_successfully" if needed in JOBS else "service_healthy"
        assert condition == wanted, (name, needed)
    assert set(JOBS) - {needed for _name, needed, _condition in awaited} == {"demo"}


def test_web_and_worker_are_two_each() -> None:
    replicas = {name: DEMO_FILE.services[name].deploy.replicas for name in NAMES}
    assert {name for name, count in replicas.items() if count == 2} == {"web", "worker"}
    assert set(replicas.values()) == {1, 2}


def test_how_many_there_are_is_set_where_the_next_version_finds_it() -> None:
    more = composition(demo_variables() | {"JCAN_WEB_REPLICAS": "4", "JCAN_WORKER_REPLICAS": "3"}).services
    assert (more["web"].deploy.replicas, more["worker"].deploy.replicas) == (4, 3)


def test_postgresql_has_room_for_as_many_as_the_document_says() -> None:
    postgres = DEMO_FILE.services["postgres"]
    (most,) = [int(word.removeprefix("max_connections=")) for word in postgres.command if "max_conn" in word]
    pool = cast(QueuePool, Database("postgresql://nobody@nowhere/nothing").engine.pool)
    assert pool.size() + pool._max_overflow == OUR_CONNECTIONS
    text = " ".join(_document("operations.md").split())
    assert f"takes {most} connections: Temporal opens up to {TEMPORALS_CONNECTIONS}" in text
    assert f"each web front and worker up to {OUR_CONNECTIONS}. So eight of each have room" in text
    assert most >= TEMPORALS_CONNECTIONS + (8 + 8) * OUR_CONNECTIONS + 20
    assert postgres.deploy.resources.limits.pids > most


@pytest.mark.parametrize(
    ("name", "own_time"), [("web", PATIENCE_SECONDS), ("worker", GRACEFUL.total_seconds())]
)
def test_who_finishes_work_is_given_more_time_than_it_takes(name: str, own_time: float) -> None:
    assert _seconds(DEMO_FILE.services[name].stop_grace_period) >= 2 * own_time


def test_images_are_pinned(service: Service) -> None:
    name, _colon, tag = service.image.rpartition(":")
    assert name
    assert re.match(r"v?\d+", tag)


def test_our_image_has_the_manifests_version() -> None:
    manifest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ours = {service.image for service in DEMO_FILE.services.values() if service.is_ours}
    assert ours == {f"{manifest['project']['name']}:{manifest['project']['version']}"}


def test_our_image_is_built_by_one_service_and_asked_of_no_registry() -> None:
    assert [name for name in NAMES if DEMO_FILE.services[name].build] == ["migrations"]
    for name, service in DEMO_FILE.services.items():
        assert (service.pull_policy == "never") is service.is_ours, name
    waiting = {name for name in NAMES if "migrations" in DEMO_FILE.services[name].depends_on}
    assert waiting == {"web", "worker", "demo"}


def _neighbours(file: Composition, network: str) -> set[str]:
    return {name for name, service in file.services.items() if network in service.networks}


def test_nobody_but_the_proxy_shares_the_network_that_is_believed() -> None:
    assert _neighbours(DEMO_FILE, "front") == {"proxy", "web"}
    front = parsed()["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert parsed()["services"]["web"]["environment"]["JCAN_TRUSTED_PROXIES"] == front


def test_databases_and_engine_cannot_be_reached_from_outside() -> None:
    outside = {name for name, network in DEMO_FILE.networks.items() if not network.internal}
    assert outside == {"outside"}
    assert _neighbours(DEMO_FILE, "outside") == {"proxy", "worker", "mailpit", "econtract"}
    assert _neighbours(DEMO_FILE, "records") | _neighbours(DEMO_FILE, "engine") == set(NAMES) - {
        *("proxy", "mailpit", "econtract")
    }


def test_metrics_are_for_whom_joins_their_network_and_the_proxy_is_not_there() -> None:
    assert _neighbours(DEMO_FILE, "metrics") == {"web", "worker"}
    ports = {DEMO_FILE.services[name].environment["JCAN_METRICS_PORT"] for name in ("web", "worker")}
    assert ports == {"9464"}
    assert "9464" not in (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")


def _variables(file: Composition, *, ours: bool) -> Iterator[str]:
    for service in file.services.values():
        if service.is_ours is ours:
            yield from service.environment


def test_every_variable_that_is_passed_is_one_that_somebody_reads() -> None:
    ours = set(_variables(DEMO_FILE, ours=True))
    assert ours - _settings() == STAND_INS_VARIABLES | TEMPORALS_OWN | {"SSL_CERT_FILE"}
    others = set(_variables(DEMO_FILE, ours=False))
    assert others - OTHERS_VARIABLES == {"JCAN_PROFILE", "JCAN_LOAD_BALANCERS"}
    proxys = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    assert {f"{{${name}}}" for name in others - OTHERS_VARIABLES} == set(re.findall(r"\{\$\w+\}", proxys))
    stand_in = (ROOT / "devstack" / "econtract" / "__main__.py").read_text(encoding="utf-8")
    assert all(name in stand_in for name in STAND_INS_VARIABLES - {"JCAN_ECONTRACT_PORT"})


def test_every_variable_that_a_person_may_set_is_described() -> None:
    wanted = variables_in(parsed())
    assert wanted - _settings() == COMPOSES_OWN | {"TEMPORAL_NAMESPACE"}
    assert [name for name in sorted(COMPOSES_OWN) if f"`{name}`" not in _document("operations.md")] == []
    assert [
        name for name in sorted(wanted & _settings()) if f"`{name}`" not in _document("settings.md")
    ] == []
    assert set(demo_variables()) - {"COMPOSE_PROFILES"} <= wanted


def test_every_setting_can_be_given_or_is_decided_here() -> None:
    passed = set(_variables(DEMO_FILE, ours=True))
    secrets = {name.upper() for name in DEMO_FILE.secrets}
    # The picture's answer is fixed on loopback only.
    assert _settings() - passed - secrets == {"JCAN_CAPTCHA_ANSWER"}


def test_the_document_says_which_settings_cannot_be_given() -> None:
    paragraphs = _document("operations.md").split("\n\n")
    (told,) = [text for text in paragraphs if text.startswith("Of [settings.md](settings.md) the rest")]
    secrets = {name.upper() for name in DEMO_FILE.secrets}
    fixed = _settings() - variables_in(parsed()) - secrets
    assert set(re.findall(r"`(JCAN_\w+)`", told)) == fixed


def test_certificates_of_ones_own_are_trusted_from_a_folder_that_is_mounted() -> None:
    own = {"JCAN_TRUSTED_CERTIFICATES": "/deploy/our-ca.pem"}
    assert own["JCAN_TRUSTED_CERTIFICATES"] in _document("operations.md")
    services = composition(demo_variables() | own).services
    for name in ("web", "worker"):
        assert services[name].environment["SSL_CERT_FILE"] == own["JCAN_TRUSTED_CERTIFICATES"]
        assert "./deploy:/deploy:ro" in services[name].volumes


def test_production_asks_for_what_it_cannot_know() -> None:
    with pytest.raises(Missing, match="JCAN_WEB_ORIGIN"):
        composition({})
    given = dict.fromkeys(NEEDED_IN_PRODUCTION, "https://lra.example.jp")
    for name in NEEDED_IN_PRODUCTION:
        with pytest.raises(Missing, match=name):
            composition({each: value for each, value in given.items() if each != name})
    assert composition(given).services["web"].environment["JCAN_PROFILE"] == "production"


def test_the_demos_parts_are_not_there_without_it() -> None:
    without = {name for name, service in DEMO_FILE.services.items() if not service.profiles}
    assert set(NAMES) - without == {"demo", "econtract", "mailpit"}
    assert demo_variables()["COMPOSE_PROFILES"] == "demo"


def test_every_secret_is_made_by_the_command_and_given_to_somebody(tmp_path: Path) -> None:
    make_folder(tmp_path / "secrets", sorted(load_tenants()), ["localhost"])
    made = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert {name: secret["file"] for name, secret in DEMO_FILE.secrets.items()} == {
        name: f"./secrets/{name}" for name in made
    }
    given = {secret.source for service in DEMO_FILE.services.values() for secret in service.secrets}
    assert given == made


def test_nobody_has_anothers_password_for_the_database() -> None:
    passwords = {
        name: {secret.source for secret in service.secrets if secret.source.endswith("_password")}
        for name, service in DEMO_FILE.services.items()
    }
    assert passwords["postgres"] == {"postgres_password"}
    assert passwords["migrations"] == {"jcan_owner_password"}
    assert passwords["temporal"] == passwords["temporal-schema"] == {"temporal_database_password"}
    assert passwords["web"] == passwords["worker"] == {"jcan_database_password", "jcan_smtp_password"}


def test_secrets_are_in_no_variable_and_in_no_file_of_the_repository() -> None:
    text = DEMO.read_text(encoding="utf-8") + json.dumps(parsed())
    assert not re.search(r"whsec_|[A-Za-z0-9_-]{32,}", text.replace("jcan_econtract_webhook_secret", ""))
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/secrets/", "/.env"} <= set(ignored)


def test_the_namespace_gets_our_search_attributes() -> None:
    (script,) = DEMO_FILE.services["temporal-namespace"].command[2:]
    assert re.findall(r"--name (\w+) --type Keyword", script) == [key.name for key in SEARCH_ATTRIBUTES]


def test_mounted_files_of_ours_are_there() -> None:
    mounted = {
        volume.split(":")[0]
        for service in DEMO_FILE.services.values()
        for volume in service.volumes
        if volume.startswith(".")
    }
    assert mounted == {"./deploy"}
    assert {"roles.sql", "Caddyfile"} <= {file.name for file in (ROOT / "deploy").iterdir()}
