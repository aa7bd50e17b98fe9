"""Ticket orders and certificates at the console."""

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from domain.revocation import RevocationReason
from domain.stage import Stage
from records import tickets
from records.database import Database
from records.operators import Role
from records.tables import Certificate
from records.tickets import Organisation, today_in_japan
from records.vault import Vault
from settings import Settings
from tests.web.console.conftest import SignIn, actions
from tests.web.enrolling import REFERENCE, application, writer
from tests.web.page import Page

ORDERS = "/console/tickets"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
FORM = {
    "company_code": "leo-sign",
    "corporate_number": "9999999999999",
    "company_name": "=株式会社サンプル",
    "company_name_latin": "Sample Corporation",
    "quantity": "3",
    "expires_on": "2099-03-31",
    "verified": "yes",
}


async def listed(database: Database) -> list[tickets.TicketRow]:
    """Every ticket."""
    async with database.begin() as session:
        return await tickets.list_tickets(session)


async def test_an_order_makes_its_tickets_once_and_says_who_ordered(
    sign_in: SignIn, database: Database
) -> None:
    inside = await sign_in()
    data = FORM | {"form_id": uuid.uuid4().hex}
    for _again in range(2):
        response = await inside.client.post(ORDERS, data=data, headers=SAME_ORIGIN)
        assert response.status_code == 303
    rows = await listed(database)
    assert len(rows) == 3
    assert rows[0].organisation == Organisation("9999999999999", "=株式会社サンプル", "Sample Corporation")
    assert [action for _actor, action in await actions(database)].count("tickets_ordered") == 1
    assert "新規" in (await inside.get(response.headers["location"])).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_code", "nobody"),
        ("corporate_number", "1234567890123"),
        ("company_name", ""),
        ("company_name_latin", "サンプル"),
        ("quantity", "0"),
        ("quantity", "1001"),
        ("quantity", "²"),
        ("expires_on", "tomorrow"),
        ("expires_on", str(today_in_japan() - timedelta(days=1))),
        ("verified", ""),
    ],
)
async def test_a_wrong_field_is_told_everything_typed_is_kept_and_nothing_ordered(
    sign_in: SignIn, database: Database, field: str, value: str
) -> None:
    inside = await sign_in()
    page = Page(await inside.client.post(ORDERS, data=FORM | {field: value}, headers=SAME_ORIGIN))
    assert page.status == 422
    assert set(page.summary) == {field}
    for name in ("company_name", "quantity", "expires_on"):
        assert page.value(name) == (FORM | {field: value})[name]
    assert await listed(database) == []


async def test_the_csv_has_an_orders_tickets_and_no_formulas_and_is_written_down(
    sign_in: SignIn, database: Database
) -> None:
    inside = await sign_in()
    await inside.client.post(ORDERS, data=FORM, headers=SAME_ORIGIN)
    page = await inside.get(ORDERS)
    answer = await inside.client.get(page.link("ダウンロード"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert re.search(r'filename="tickets-[0-9a-f-]{36}\.csv"', answer.headers["content-disposition"])
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row[0] for row in rows[1:]) == sorted(row.number for row in await listed(database))
    assert {row[3] for row in rows[1:]} == {"'=株式会社サンプル"}
    assert (await actions(database))[-1] == ("operator:tanaka", "tickets_exported")
    assert (await inside.get(f"{ORDERS}/{uuid.uuid4()}.csv")).status == 404


async def test_tickets_are_for_administrators(sign_in: SignIn) -> None:
    reviewer = await sign_in(role=Role.REVIEWER)
    assert (await reviewer.get(ORDERS)).status == 403
    assert (await reviewer.client.post(ORDERS, data=FORM, headers=SAME_ORIGIN)).status_code == 403
    assert (await reviewer.get(f"{ORDERS}/{uuid.uuid4()}.csv")).status == 403


@pytest.fixture
async def certificate(database: Database, vault: Vault, settings: Settings) -> str:
    """The serial of a certificate that counts."""
    await writer(database, vault, settings)(Stage.ISSUED, application=application(), serial="0a1b")
    now = datetime.now(UTC)
    async with database.begin() as session:
        session.add(
            Certificate(
                serial="0a1b",
                reference=REFERENCE.text,
                tenant="leopalace",
                not_before=now,
                not_after=now + timedelta(days=365),
                fingerprint=bytes(32),
                sealed_certificate=b"",
                stored_at=now,
                installed_at=now,
            )
        )
    return "0a1b"


async def test_certificates_are_listed_with_their_state(sign_in: SignIn, certificate: str) -> None:
    page = await (await sign_in(role=Role.REVIEWER)).get("/console/certificates")
    assert certificate in page.text
    assert "有効" in page.text
    assert "失効させる" not in page.text
    limited = await sign_in("sato", Role.REVIEWER, tenant="contracthub")
    assert certificate not in (await limited.get("/console/certificates")).text


async def test_revoking_is_for_administrators_and_of_a_certificate_that_counts(
    sign_in: SignIn, certificate: str
) -> None:
    inside = await sign_in()
    form = await inside.get(f"/console/certificates/{certificate}/revocation")
    assert form.status == 200
    assert form.value("reason") == RevocationReason.UNSPECIFIED
    assert (await inside.get("/console/certificates/ff/revocation")).status == 404
    reviewer = await sign_in("sato", Role.REVIEWER)
    assert (await reviewer.get(f"/console/certificates/{certificate}/revocation")).status == 403
