"""The pages around the registration, and what is there when something is not."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import text

from records.database import Database
from settings import Settings
from tests.logged import Logged
from tests.web.conftest import RecordingDesk, Visitor
from web.app import create_app

PAGES = ("/", "/leopalace/", "/contracthub/", "/leopalace/obligations", "/leopalace/privacy",
         "/leopalace/revocation", "/leopalace/regist/step1")  # fmt: skip


async def test_the_top_page_says_what_it_is_and_leads_to_the_form(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace")

    assert page.path == "/leopalace/"
    assert "電子契約サービス JCAN証明書オンライン発行申請" in page.text
    assert "JCAN証明書認定LRAであるインタセクト・コミュニケーションズ株式会社が行います。" in page.text
    assert "直接インストールされます。" in page.text
    assert "利用者の義務" in page.text
    assert "03-0000-0000" in page.text
    assert "同意する" in page.text
    assert page.form_action() == "/leopalace/regist/step1"
    assert page.link("失効申請") == "/leopalace/revocation"
    assert page.link("マニュアル") == "/leopalace/manual.pdf"
    assert page.link("マニュアルを画面で読む") == "/leopalace/manual"
    assert "Ver. " in page.text


async def test_a_tenant_without_direct_installation_does_not_promise_it(visitor: Visitor) -> None:
    page = await visitor.get("/contracthub/")

    assert "LRA登録事業者である" in page.text
    assert "直接インストール" not in page.text


@pytest.mark.parametrize("window", ["obligations", "privacy"])
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_windows_lead_nowhere(visitor: Visitor, window: str, language: str) -> None:
    page = await visitor.get(f"/leopalace/{window}?lang={language}")

    assert page.status == 200
    for words in ("失効申請", "マニュアル", "Request revocation", "Manual"):
        assert words not in page.text
    assert "同意する" not in page.text


async def test_the_privacy_text_names_officer_desk_and_hours(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/privacy")

    for words in ("個人情報の取扱いについて", "個人情報保護管理者", "受付時間：", "079-000-0000"):
        assert words in page.text


async def test_revocation_gives_the_contact(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/revocation")

    assert "jcanlra-leopalace@lra.example.jp" in page.text


async def test_the_root_lists_the_tenants(visitor: Visitor) -> None:
    page = await visitor.get("/")

    assert 'href="/leopalace/"' in page.html
    assert 'href="/contracthub/"' in page.html


@pytest.mark.parametrize("address", PAGES[1:3] + PAGES[5:])
async def test_the_manual_is_a_link_away(visitor: Visitor, address: str) -> None:
    for language, words in (("ja", "マニュアル"), ("en", "Manual (JP)")):
        page = await visitor.get(f"{address}?lang={language}")

        assert page.link(words) == f"/{address.split('/')[1]}/manual.pdf"


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_is_in_one_language(visitor: Visitor, address: str, language: str) -> None:
    page = await visitor.get(f"{address}?lang={language}")

    assert page.status == 200
    assert f'<html lang="{language}">' in page.html
    if language == "en":
        words = page.text.replace("日本語", "")
        assert not [letter for letter in words if "\u3040" <= letter <= "\u9fff"], address


@pytest.mark.parametrize(
    ("address", "way_on"),
    [
        ("/nobody/", "/"),
        ("/nobody/regist/step1", "/"),
        ("/leopalace/nothing", "/leopalace/"),
        ("/leopalace/regist/step9", "/leopalace/"),
        ("/static/nothing.css", "/"),
        ("/%00/", "/"),
    ],
)
async def test_what_is_not_there_is_a_page_with_a_way_on(visitor: Visitor, address: str, way_on: str) -> None:
    page = await visitor.get(address)
    english = await visitor.get(address + "?lang=en")

    assert page.status == english.status == 404
    assert "ページが見つかりません" in page.text
    assert "Page not found" in english.text
    assert f'class="button" href="{way_on}"' in page.html


@pytest.mark.parametrize("address", ["/leopalace/", "/leopalace/obligations", "/"])
async def test_a_method_that_is_not_allowed_is_a_page(visitor: Visitor, address: str) -> None:
    response = await visitor.client.post(address)

    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert "この操作はできません" in response.text


async def test_a_body_that_is_too_large_is_a_page(visitor: Visitor) -> None:
    response = await visitor.client.post("/leopalace/regist/step1", data={"email": "x" * 100_000})

    assert response.status_code == 413
    assert "送信された内容が大きすぎます" in response.text


async def test_a_form_with_too_many_fields_is_a_page(visitor: Visitor) -> None:
    response = await visitor.client.post("/leopalace/regist/step1", data={f"f{n}": "x" for n in range(200)})

    assert response.status_code == 400


async def test_a_fault_of_ours_is_a_page_and_its_words_are_not_logged(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    async def fail(*_args: object) -> None:
        raise RuntimeError("taro.yamada@example.jp")

    monkeypatch.setattr("web.registration.form_page", fail)
    page = await visitor.get("/leopalace/regist/step1?lang=en")

    assert page.status == 500
    assert "Something went wrong on our side" in page.text
    assert page.response.headers["content-security-policy"]
    (told,) = logged.of("jcan.web")
    assert (told["level"], told["error"], told["route"]) == (
        "error",
        "RuntimeError",
        "/{tenant}/regist/step1",
    )
    assert "web/registration.py" in " ".join(told["trace"])
    assert "taro.yamada" not in logged.text


# --- alive and ready


async def test_alive_and_ready(visitor: Visitor) -> None:
    assert (await visitor.client.get("/healthz")).json() == {"status": "alive"}
    assert (await visitor.client.get("/readyz")).json() == {"status": "ready", "missing": []}


async def test_ready_names_the_engine(visitor: Visitor, desk: RecordingDesk) -> None:
    desk.away = True
    response = await visitor.client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["missing"] == ["temporal"]


async def test_ready_names_the_migrations(visitor: Visitor, database: Database) -> None:
    async with database.begin() as session:
        head = await session.scalar(text("SELECT version_num FROM alembic_version"))
        await session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        assert (await visitor.client.get("/readyz")).json()["missing"] == ["migration"]
    finally:
        async with database.begin() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})


async def test_ready_names_the_database(settings: Settings, desk: RecordingDesk) -> None:
    gone = settings.model_copy(
        update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"}
    )
    app = create_app(gone, desk=desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        assert (await client.get("/readyz")).json()["missing"] == ["database"]
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("/leopalace/regist/step1", "text/html", id="page"),
        pytest.param("/api/v1/enrolments", "application/problem+json", id="api"),
    ],
)
async def test_a_database_that_is_away_is_no_error_of_ours(
    settings: Settings, desk: RecordingDesk, logged: Logged, path: str, kind: str
) -> None:
    gone = settings.model_copy(
        update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1"}
    )
    app = create_app(gone, desk=desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        answer = await client.get(path, headers={"Authorization": "Bearer some-key"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.headers["content-type"].startswith(kind)
    (told,) = logged.of("jcan.web")
    assert (told["level"], told["error"]) == ("warning", "OperationalError")
    assert told["event"] == "the database cannot be reached"


async def test_limits_count_by_network(visitors: Callable[..., Visitor]) -> None:
    answers = [await visitors(address).get("/leopalace/") for address in ("192.0.2.1", "2001:db8::1", "?")]

    assert {page.status for page in answers} == {200}
