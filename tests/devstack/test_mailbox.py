"""The mail catcher: what is sent arrives, is kept, and is shown."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from devstack.mailbox.pages import create_app
from tests.running.free_ports import free_ports

LINK = "http://127.0.0.1:8000/leopalace/realregist/step1?onetimetoken=" + "ab" * 32


@pytest.fixture
def smtp_port() -> int:
    """A free port."""
    (port,) = free_ports(1)
    return port


@pytest.fixture
async def page(tmp_path: Path, smtp_port: int) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on the mailbox, which takes mail meanwhile."""
    app = create_app(tmp_path, smtp_port)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


def letter(
    to: str = "taro@example.jp", subject: str = "【Leo-sign】電子証明書申請登録のご案内"
) -> EmailMessage:
    """Write a mail of the kind that the system sends."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = "JCAN証明書オンライン発行システム <noreply@example.jp>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(f"髙橋 太郎 様\n{LINK}\n有効期間は3日です。\n")
    message.add_alternative(
        f'<html><head></head><body><a href="{LINK}">申請</a></body></html>', subtype="html"
    )
    return message


async def send(message: EmailMessage, port: int) -> None:
    """Send a mail to the catcher."""
    await aiosmtplib.send(message, hostname="127.0.0.1", port=port)


async def test_a_mail_is_kept_in_the_maildir_and_told_to_scripts(
    page: httpx.AsyncClient, smtp_port: int, tmp_path: Path
) -> None:
    await send(letter(), smtp_port)
    (kept,) = (tmp_path / "new").iterdir()
    (told,) = (await page.get("/messages.json")).json()
    assert told["id"] == kept.name
    assert told["from"] == "JCAN証明書オンライン発行システム <noreply@example.jp>"
    assert told["to"] == "taro@example.jp"
    assert told["subject"] == "【Leo-sign】電子証明書申請登録のご案内"
    assert told["text"].startswith("髙橋 太郎 様\n")
    assert told["links"] == [LINK]


async def test_scripts_can_ask_for_one_address(page: httpx.AsyncClient, smtp_port: int) -> None:
    for to in ("taro@example.jp", "hanako@example.jp"):
        await send(letter(to), smtp_port)
    told = (await page.get("/messages.json", params={"to": "hanako@"})).json()
    assert [mail["to"] for mail in told] == ["hanako@example.jp"]


async def test_the_list_shows_the_newest_first(page: httpx.AsyncClient, smtp_port: int) -> None:
    for subject in ("older", "newer"):
        await send(letter(subject=subject), smtp_port)
    shown = (await page.get("/")).text
    assert shown.index("newer") < shown.index("older")
    assert "受信メール" in shown


async def test_a_mail_is_shown_with_its_text_its_link_and_a_sandboxed_frame(
    page: httpx.AsyncClient, smtp_port: int
) -> None:
    await send(letter(), smtp_port)
    key = (await page.get("/newest.json")).json()["id"]
    shown = (await page.get(f"/messages/{key}", headers={"Accept-Language": "en"})).text
    assert f'href="{LINK}" target="_blank" rel="noopener noreferrer"' in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert "As text" in shown
    framed = await page.get(f"/messages/{key}/html")
    assert framed.headers["Content-Security-Policy"].startswith("sandbox ")
    assert '<head><base target="_blank"></head>' in framed.text


async def test_the_chosen_language_is_remembered(page: httpx.AsyncClient) -> None:
    assert "Received mail" in (await page.get("/?lang=en")).text
    assert "Received mail" in (await page.get("/")).text


async def test_markup_in_a_mail_is_shown_and_not_obeyed(page: httpx.AsyncClient, smtp_port: int) -> None:
    await send(letter(subject="<script>alert(1)</script>"), smtp_port)
    assert "<script>alert" not in (await page.get("/")).text


async def test_a_mail_that_is_not_there_has_a_page_that_says_so(page: httpx.AsyncClient) -> None:
    for key in ("nothing", "..%2f..%2fsecrets.env"):
        answer = await page.get(f"/messages/{key}")
        assert answer.status_code == 404
    assert "メールが見つかりません" in (await page.get("/messages/nothing")).text


async def test_another_host_name_is_refused(page: httpx.AsyncClient) -> None:
    assert (await page.get("/", headers={"Host": "evil.example"})).status_code == 400


@pytest.mark.parametrize(("domain", "code"), [("refused.example", 550), ("later.example", 451)])
async def test_two_domains_refuse_for_good_and_for_now(
    page: httpx.AsyncClient, smtp_port: int, domain: str, code: int
) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await send(letter(f"taro@{domain}"), smtp_port)
    assert refusal.value.recipients[0].code == code
    assert (await page.get("/messages.json")).json() == []


@pytest.mark.usefixtures("page")
async def test_a_mail_that_cannot_be_written_is_refused_for_now(
    smtp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailbox.Maildir.add", full)
    with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
        await send(letter(), smtp_port)
    assert refusal.value.code == 452


async def test_what_is_no_mail_at_all_is_still_listed(page: httpx.AsyncClient, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "new" / "odd").write_bytes, b"\xff\xfe\x00 not a mail")
    answer = await page.get("/messages/odd")
    assert answer.status_code == 200
    assert "（件名なし）" in answer.text
