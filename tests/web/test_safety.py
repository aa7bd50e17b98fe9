"""Headers, forms from elsewhere, the access log, sealing."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request
from prometheus_client import REGISTRY, generate_latest

from tests.logged import Logged
from tests.web.conftest import ORIGIN, RecordingDesk, Visitor
from web.captcha import VOICES
from web.safety import network_of
from web.sealing import Sealer

STEP1 = "/leopalace/regist/step1"


async def test_every_page_has_the_headers(visitor: Visitor) -> None:
    for address in ("/leopalace/", STEP1, "/nobody/", "/healthz"):
        headers = (await visitor.client.get(address)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


async def test_pages_have_no_inline_script_or_style(visitor: Visitor) -> None:
    for address in ("/leopalace/", STEP1, "/leopalace/privacy", "/nobody/"):
        page = await visitor.get(address)
        assert " style=" not in page.html
        assert "<style" not in page.html
        assert "<script>" not in page.html


async def test_static_files_may_be_kept(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/")
    address = page.html.split('rel="stylesheet" href="')[1].split('"')[0]

    kept = await visitor.client.get(address)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/css")
    shortly = await visitor.client.get(address.partition("?")[0])
    assert shortly.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, 403),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
async def test_forms_of_other_sites_are_refused(
    visitor: Visitor, headers: dict[str, str], status: int
) -> None:
    response = await visitor.client.post(STEP1, data={"act": "choose"}, headers=headers)

    assert response.status_code == status
    if status == 403:
        assert "別のサイトから送られた操作か" in response.text
        assert "set-cookie" not in response.headers


async def test_a_foreign_form_is_refused_in_english_too(visitor: Visitor) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Accept-Language": "en"}
    response = await visitor.client.post(STEP1, headers=headers)

    assert "It came from another site" in response.text


# --- what is told of a request


async def test_the_access_log_has_neither_query_nor_path_values(visitor: Visitor, logged: Logged) -> None:
    await visitor.get("/leopalace/realregist/step1?onetimetoken=" + "ab" * 32)
    await visitor.get("/leopalace/regist/picture/secret-in-path.png")
    await visitor.get("/leopalace/secret-in-path")
    await visitor.get("/secret-in-path/")

    lines = logged.of("jcan.web.access")
    assert [(line["route"], line.get("tenant")) for line in lines] == [
        ("/{tenant}/realregist/step1", "leopalace"),
        ("/{tenant}/regist/picture/{picture}.png", "leopalace"),
        ("(no such page)", None),
        ("/{tenant}/", None),
    ]
    assert "abab" not in logged.text
    assert "secret" not in logged.text


async def test_a_request_is_told_with_its_status_and_how_long_it_took(
    visitor: Visitor, logged: Logged
) -> None:
    await visitor.client.get("/leopalace/")

    (line,) = logged.of("jcan.web.access")
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert 0 <= line["ms"] < 10_000


async def test_a_probe_is_told_only_if_something_is_missing(
    visitor: Visitor, desk: RecordingDesk, logged: Logged
) -> None:
    await visitor.client.get("/readyz")
    assert logged.of("jcan.web.access") == []
    desk.away = True
    await visitor.client.get("/readyz")
    assert [line["status"] for line in logged.of("jcan.web.access")] == [503]


async def test_an_enrolment_that_somebody_makes_up_is_not_told(visitor: Visitor, logged: Logged) -> None:
    await visitor.client.get("/leopalace/enrolments/TAR0TAKAHASH1")

    (line,) = logged.of("jcan.web.access")
    assert line["route"] == "/{tenant}/enrolments/{reference}"
    assert "TAR0TAKAHASH1" not in logged.text


async def test_requests_are_counted_by_route_and_what_strangers_make_up_is_one(visitor: Visitor) -> None:
    routes = {"route": "/{tenant}/regist/step1", "method": "GET", "status": "200"}
    nowhere = {"route": "(no such page)", "method": "other", "status": "404"}
    before, strangers = counted(**routes), counted(**nowhere)

    await visitor.client.get(STEP1)
    for method in ("BREW", "PROPFIND"):
        await visitor.client.request(method, f"/{method}/no/such/page")

    assert counted(**routes) - before == 1
    assert counted(**nowhere) - strangers == 2
    assert "BREW" not in generate_latest().decode()


def counted(**labels: str) -> float:
    """How often such a request was answered so far."""
    return REGISTRY.get_sample_value("jcan_http_requests_total", labels) or 0.0


# --- cookies and networks


async def test_cookies_are_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = (await visitor.client.get(STEP1)).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/leopalace/regist" in cookie


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
    ],
)
def test_a_network_is_24_or_64_bits(address: str, network: str) -> None:
    assert network_of(Request({"type": "http", "client": (address, 1), "headers": []})) == network


# --- sealing


def test_what_is_sealed_opens_for_its_purpose_until_its_end() -> None:
    sealer = Sealer({2: b"k" * 32})
    until = datetime.now(UTC) + timedelta(minutes=1)
    sealed = sealer.seal("form", {"name": "髙橋"}, until)

    assert sealer.open("form", sealed) == {"name": "髙橋"}
    assert sealer.open("session", sealed) is None
    assert sealer.open("form", sealed[:-4] + "AAAA") is None
    assert sealer.open("form", "") is None
    assert sealer.open("form", sealer.seal("form", {}, datetime.now(UTC))) is None


def test_the_previous_key_still_opens_and_a_retired_one_does_not() -> None:
    until = datetime.now(UTC) + timedelta(minutes=1)
    sealed = Sealer({1: b"a" * 32}).seal("form", {"x": 1}, until)

    assert Sealer({2: b"b" * 32, 1: b"a" * 32}).open("form", sealed) == {"x": 1}
    assert Sealer({2: b"b" * 32}).open("form", sealed) is None


def test_every_voice_is_there() -> None:
    for language in ("ja", "en"):
        for character in "abcdefghijklmnopqrstuvwxyz0123456789":
            assert list((VOICES / language / character).glob("*.wav")), (language, character)
