"""What docker-compose.yml runs works as it is written, under the roles and with the secrets it gives."""

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import cast

import httpx
import psycopg
import pytest
import pytest_asyncio

from records.digest import digest
from settings import parse_keyring
from tests.deploy.running import NAMESPACE, Composed
from tests.deploy.typed import DOCKER, on_containers
from tests.running.enrolling import ISSUED, Enrolling, new_address
from tests.running.stack import Stack
from tests.system.runbook.document import sections
from web.rates import PICTURES_PER_NETWORK
from workflows.names import SEARCH_ATTRIBUTES

TMP = "/tmp"  # noqa: S108 - a container's


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that PostgreSQL's user can get to."""
    folder = Path(tempfile.mkdtemp(prefix="jcan-compose-"))
    folder.chmod(0o711)
    yield folder
    if not request.session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module")
async def composed(folder: Path) -> AsyncIterator[Composed]:
    """Everything that the demo starts. At the end it must stop cleanly."""
    system = Composed(folder)
    try:
        await system.up()
        yield system
        system.down()
        assert system.stopped_cleanly()
    finally:
        system.down()


async def test_an_enrolment_goes_all_the_way(composed: Composed) -> None:
    tickets = json.loads((await composed.job("demo")).splitlines()[-1])
    async with composed.client() as browser:
        # Of a stack an applicant needs the mailbox only.
        applicant = Enrolling(cast(Stack, composed), browser, tickets["leo-sign"][0], new_address())
        await applicant.open()
        await applicant.submit()
        await applicant.mail("issued")
        await applicant.shows(ISSUED)


@pytest.mark.parametrize("name", ["database-roles", "migrations", "temporal-namespace", "demo"])
async def test_what_is_done_first_may_be_done_again(composed: Composed, name: str) -> None:
    await composed.job(name)


async def test_roles_get_the_passwords_that_the_files_hold_now(composed: Composed) -> None:
    file = composed.folder / "secrets" / "temporal_database_password"
    before = composed.secret(file.name)
    file.chmod(0o600)
    file.write_text("another-password")
    await composed.job("database-roles")
    await _connects(composed.database("temporal", "temporal"))
    file.write_text(before)
    await composed.job("database-roles")


async def test_the_namespace_is_ready_for_our_workflows(composed: Composed) -> None:
    address = f"127.0.0.1:{composed.ports['temporal']}"
    base = ["temporal", "operator"]
    place = ["--namespace", NAMESPACE, "--address", address, "--output", "json"]
    _code, attributes = await composed.run("temporal-namespace", [*base, "search-attribute", "list", *place])
    custom = json.loads(attributes)["customAttributes"]
    assert custom == {key.name: "INDEXED_VALUE_TYPE_KEYWORD" for key in SEARCH_ATTRIBUTES}
    _code, described = await composed.run("temporal-namespace", [*base, "namespace", "describe", *place])
    assert json.loads(described)["config"]["workflowExecutionRetentionTtl"] == "2592000s"


@pytest.mark.parametrize("name", ["econtract", "postgres", "web", "worker"])
async def test_a_service_that_works_is_well(composed: Composed, name: str) -> None:
    assert await composed.health(name) == 0


@pytest.mark.parametrize(
    ("name", "place", "elsewhere"),
    [
        pytest.param("econtract", "8100", "1", id="econtract"),
        pytest.param("postgres", "5432", "1", id="postgres"),
        pytest.param("web", "8000", "1", id="web"),
        pytest.param("worker", TMP, "/nowhere", id="worker"),
    ],
)
async def test_a_service_that_is_not_there_is_not_well(
    composed: Composed, name: str, place: str, elsewhere: str
) -> None:
    assert await composed.health(name, **{place: elsewhere}) != 0


async def test_a_worker_that_hangs_is_not_well(composed: Composed) -> None:
    stale = composed.folder / "stale"
    stale.mkdir()
    (stale / "worker.ready").touch()
    assert await composed.health("worker", **{TMP: str(stale)}) == 0
    os.utime(stale / "worker.ready", (time.time() - 120, time.time() - 120))
    assert await composed.health("worker", **{TMP: str(stale)}) != 0


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE records.audit_entries SET actor = 'nobody'", id="change-an-entry"),
        pytest.param("DELETE FROM records.audit_entries", id="remove-entries"),
        pytest.param("TRUNCATE records.audit_entries, records.audit_chain", id="empty-the-trail"),
        pytest.param("UPDATE records.audit_chain SET hash = ''", id="change-the-chain"),
        pytest.param("DELETE FROM records.audit_chain", id="remove-from-the-chain"),
        pytest.param("ALTER TABLE records.audit_entries DISABLE TRIGGER ALL", id="switch-triggers-off"),
        pytest.param("SET session_replication_role = replica", id="pretend-to-replicate"),
        pytest.param("DROP TRIGGER chain ON records.audit_entries", id="drop-a-trigger"),
        pytest.param(
            "CREATE OR REPLACE FUNCTION records.refuse_change() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'",
            id="replace-a-function",
        ),
        pytest.param("CREATE TABLE records.mine ()", id="create-a-table"),
        pytest.param("CREATE TABLE public.mine ()", id="create-a-public-table"),
        pytest.param("CREATE TEMPORARY TABLE mine ()", id="create-a-temporary-table"),
        pytest.param("CREATE SCHEMA mine", id="create-a-schema"),
        pytest.param("DROP TABLE records.drafts", id="drop-a-table"),
        pytest.param("TRUNCATE records.drafts", id="empty-a-table"),
        pytest.param("UPDATE alembic_version SET version_num = '0'", id="change-the-version"),
        pytest.param("SET ROLE jcan_owner", id="become-the-owner"),
        pytest.param("CREATE ROLE mine", id="create-a-role"),
        pytest.param("SELECT pg_read_file('/etc/passwd')", id="read-the-servers-files"),
    ],
)
async def test_the_application_may_not(composed: Composed, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(composed.database("jcan_app")) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())


@pytest.mark.parametrize("name", ["postgres", "temporal", "temporal_visibility"])
async def test_the_application_may_not_go_to_another_database(composed: Composed, name: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        await _connects(composed.database("jcan_app", name))


async def test_without_its_password_nobody_gets_in(composed: Composed) -> None:
    address = composed.database("jcan_app").replace(composed.secret("jcan_database_password"), "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await _connects(address)


async def test_the_browser_comes_in_by_the_proxy_over_tls(composed: Composed) -> None:
    async with composed.client() as browser:
        front = await browser.get("/leopalace/")
        temporal = await browser.get("/temporal")
    assert front.status_code == HTTPStatus.OK
    assert front.headers["strict-transport-security"]
    assert temporal.status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        pytest.param("web", "jcan_http_requests_total{", id="web"),
        pytest.param("worker", 'jcan_activity_attempts_total{activity="send_mail"}', id="worker"),
    ],
)
async def test_metrics_are_at_a_port_that_the_proxy_does_not_lead_to(
    composed: Composed, name: str, figure: str
) -> None:
    async with composed.client() as browser:
        assert (await browser.get("/metrics")).status_code == HTTPStatus.NOT_FOUND
    async with httpx.AsyncClient(trust_env=False) as prometheus:
        scraped = await prometheus.get(f"http://127.0.0.1:{composed.ports[f'{name}_metrics']}/metrics")
    assert figure in scraped.text
    assert 'jcan_counterpart_failing_seconds{counterpart="database"} 0.0' in scraped.text


async def test_an_administrator_sees_the_temporal_ui_there(composed: Composed) -> None:
    who = {"username": composed.secret("jcan_demo_operator_username")}
    who["password"] = composed.secret("jcan_demo_operator_password")
    async with composed.client() as browser:
        await browser.post("/console/sign-in", data=who)
        page = await browser.get("/temporal/")
        settings = (await browser.get("/temporal/api/v1/settings")).json()
    assert page.status_code == HTTPStatus.OK
    assert settings["Codec"]["Endpoint"] == f"{composed.origin}/codec"


async def test_the_stand_in_is_seen_through_the_proxy(composed: Composed) -> None:
    async with composed.client() as browser:
        page = await browser.get("/", headers={"Host": f"econtract.localhost:{composed.ports['proxy']}"})
    assert page.status_code == HTTPStatus.OK
    assert "/static/econtract.css" in page.text


async def test_a_clients_address_is_the_one_that_the_proxy_saw(composed: Composed) -> None:
    forged = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7", "X-Real-IP": "198.51.100.7"}
    async with composed.client(**forged) as browser:
        await _ask_for_a_picture(browser)
    assert await _counted(composed, "127.0.0.0/24")
    assert not await _counted(composed, "198.51.100.0/24")


async def test_an_address_that_the_proxy_passes_on_is_believed(composed: Composed) -> None:
    port = composed.ports["web"]
    async with composed.client(**{"X-Forwarded-For": "203.0.113.7"}) as proxy:
        proxy.base_url = f"http://127.0.0.1:{port}"
        await _ask_for_a_picture(proxy)
    assert await _counted(composed, "203.0.113.0/24")


async def test_the_documents_command_lines_are_in_containers(composed: Composed, folder: Path) -> None:
    bodies = dict(re.findall(r'^(\w+)\(\) \{ (.+) "\$@"; \}$', sections()["On containers"], re.MULTILINE))
    assert set(bodies) == {"jcan", "temporal"}
    listed = json.loads(await composed.typed(f"{bodies['jcan']} enrolments list --json", folder))
    operator = composed.secret("jcan_demo_operator_username")
    key = (await composed.typed(f"{bodies['jcan']} operators api-key {operator}", folder)).strip()
    run = f"enrolment-{listed[0]['reference'].replace('-', '')}"
    line = f"{bodies['temporal']} workflow metadata --namespace {NAMESPACE} -w {run} -o json"
    told = await composed.typed(line, folder, TEMPORAL_CODEC_AUTH=f"Bearer {key}")
    assert "currentDetails" in told


async def test_what_was_dumped_is_restored_under_the_same_roles(composed: Composed, folder: Path) -> None:
    async with await psycopg.AsyncConnection.connect(composed.database("temporal", "temporal")) as connection:
        await connection.execute("CREATE TABLE runs AS SELECT 7 AS run")
    for line in on_containers("Backups"):
        await composed.typed(line, folder)
    again = folder / "again"
    shutil.copytree(composed.folder / "secrets", again / "secrets")
    shutil.copytree(composed.folder / "var", again / "var")
    restored = Composed(again)
    try:
        lines = on_containers("Restoring")
        told = [await restored.typed(line, folder) for line in lines]
        assert "Erased again: 0. Revoked again: 0." in told[-1]
        verified = f"{DOCKER}exec -T worker jcan audit verify"
        assert "Intact" in await restored.typed(verified, folder)
        await _has(restored.database("temporal", "temporal"), "SELECT run FROM runs", 7)
        address = restored.database("jcan_app")
        await _has(address, "SELECT count(*) > 0 FROM records.audit_entries", expected=True)
        for statement in ("DELETE FROM records.audit_entries", "CREATE TABLE records.mine ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await _has(address, statement, None)
    finally:
        restored.down()


async def _has(address: str, query: str, expected: object) -> None:
    """Ask a database for one value."""
    async with await psycopg.AsyncConnection.connect(address) as connection:
        row = await (await connection.execute(query.encode())).fetchone()
    assert row == (expected,)


async def _connects(address: str) -> None:
    """Connect to a database; raises psycopg.OperationalError."""
    async with await psycopg.AsyncConnection.connect(address):
        pass


async def _ask_for_a_picture(browser: httpx.AsyncClient) -> None:
    """Do what is limited for each network."""
    page = await browser.get("/leopalace/revocation")
    assert page.status_code == HTTPStatus.OK


async def _counted(composed: Composed, network: str) -> bool:
    """Whether a network has asked for a picture."""
    secret = next(iter(parse_keyring(composed.secret("jcan_digest_keys")).values()))
    asked = digest(secret, f"limit:{PICTURES_PER_NETWORK.name}", network)
    async with await psycopg.AsyncConnection.connect(composed.database("jcan_app")) as connection:
        found = await connection.execute("SELECT 1 FROM records.limit_uses WHERE key_digest = %s", [asked])
        return await found.fetchone() is not None
