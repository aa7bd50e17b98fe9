"""The proxy's configuration: what the web front is told of a request, and what of it nobody is told."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
import pytest_asyncio

from devstack.ports import LOOPBACK
from tests.deploy.composition import ROOT
from tests.deploy.running import Composed

TOKEN = "f" * 64


class Upstream:
    """Stands behind the proxy: answers with the request that it got, hangs up on who asks for /broken."""

    def __init__(self) -> None:
        """Nothing is listened on yet."""
        self.port = 0

    async def serve(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._answer, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", request)
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readexactly(int(length[1]) if length else 0)
        if b"/broken" not in request:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(request)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + request)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def _standing(folder: Path, **variables: str) -> AsyncIterator[Composed]:
    """The proxy by itself, with one server behind it in everybody's place, for the length of the block."""
    system = Composed(folder, **variables)
    upstream = Upstream()
    server = await upstream.serve()
    place = f"{LOOPBACK}:{upstream.port}"
    try:
        everybody = dict.fromkeys(("web:8000", "mailpit:8025", "econtract:8100"), place)
        system.start_proxy(system.folder / "caddy", **everybody)
        await system.is_listening(system.ports["proxy"])
        yield system
    finally:
        system.down()
        server.close()
        await server.wait_closed()


@pytest_asyncio.fixture(scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Composed]:
    """The proxy, to which everybody comes directly."""
    async with _standing(tmp_path_factory.mktemp("proxy")) as system:
        yield system


async def told(proxy: Composed, path: str = "/leopalace/", **headers: str) -> dict[str, list[str]]:
    """The headers that the server behind the proxy got."""
    async with proxy.client(**headers) as browser:
        answer = await browser.get(path)
    assert answer.status_code == HTTPStatus.OK
    found: dict[str, list[str]] = {}
    for line in answer.text.splitlines()[1:]:
        name, _colon, value = line.partition(": ")
        found.setdefault(name.lower(), []).append(value)
    return found


@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-for"])
async def test_what_a_client_says_of_its_address_is_dropped(proxy: Composed, name: str) -> None:
    assert (await told(proxy, **{name: "198.51.100.7, 127.0.0.1"}))["x-forwarded-for"] == [LOOPBACK]


async def test_behind_load_balancers_the_address_is_the_one_that_they_saw(tmp_path: Path) -> None:
    async with _standing(tmp_path, JCAN_LOAD_BALANCERS=f"{LOOPBACK} 10.0.0.0/8") as behind:
        said = "198.51.100.7, 203.0.113.9, 10.0.0.4"  # by the client itself; by them
        assert (await told(behind, **{"X-Forwarded-For": said}))["x-forwarded-for"] == ["203.0.113.9"]


async def test_the_front_learns_the_address_and_that_it_was_tls(proxy: Composed) -> None:
    headers = await told(proxy, **{"X-Forwarded-Proto": "http"})
    assert headers["x-forwarded-for"] == [LOOPBACK]
    assert headers["x-forwarded-proto"] == ["https"]
    assert headers["host"] == [f"localhost:{proxy.ports['proxy']}"]


@pytest.mark.parametrize("name", ["mail.localhost", "econtract.localhost"])
async def test_the_demos_parts_have_names_of_their_own(proxy: Composed, name: str) -> None:
    host = f"{name}:{proxy.ports['proxy']}"
    assert (await told(proxy, Host=host))["host"] == [host]


async def test_no_log_tells_an_address_with_a_token(proxy: Composed) -> None:
    async with proxy.client() as browser:
        answer = await browser.get(f"/broken?onetimetoken={TOKEN}")
    assert answer.status_code == HTTPStatus.BAD_GATEWAY
    log = (proxy.folder / "log" / "proxy").read_text(encoding="utf-8")
    assert '"status":502' in log
    assert TOKEN not in log
    assert LOOPBACK + ":" not in log.split('"status":502')[0].splitlines()[-1]


async def test_a_body_that_no_form_of_ours_needs_is_refused(proxy: Composed) -> None:
    async with proxy.client() as browser:
        answer = await browser.post("/leopalace/", content=b"x" * 2_000_000)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


async def test_its_health_is_asked_for_inside_only(proxy: Composed) -> None:
    check = proxy.file.services["proxy"].healthcheck
    assert check is not None
    address = proxy.here("proxy", check.test[-1])
    async with proxy.client() as inside:
        assert (await inside.get(address)).status_code == HTTPStatus.OK
    assert address.startswith(f"http://{LOOPBACK}:{proxy.ports['proxy_health']}/")


async def test_it_is_laid_out_as_its_own_program_does(proxy: Composed) -> None:
    for file in ("Caddyfile", "demo/parts.caddy"):
        code, output = await proxy.run("proxy", ["caddy", "fmt", "--diff", str(ROOT / "deploy" / file)])
        assert (code, [line for line in output.splitlines() if line[:1] in "+-"]) == (0, []), output


async def test_in_production_there_is_nothing_but_the_front(proxy: Composed) -> None:
    file = proxy.folder / "caddy" / "Caddyfile"
    text = file.read_text(encoding="utf-8")
    assert "{$JCAN_PROFILE}" in text
    for profile, has_more in (("demo", True), ("production", False)):
        own = file.with_name(f"{profile}.conf")
        own.write_text(text.replace("{$JCAN_PROFILE}", profile), encoding="utf-8")
        command = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(own)]
        code, output = await proxy.run("proxy", command)
        assert (code, "mail.localhost" in output) == (0, has_more), output
