"""The embedded CA: orders, its clerk, and what is left when either is killed."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from authorities.connector import (
    CertificateRequest,
    NotIssuedYet,
    OrderRefused,
    UnknownSerial,
    serial_text,
)
from authorities.inspection import inspect_issued
from authorities.local import ERASED, ORDER_DIFFERS, ORDER_UNKNOWN, LocalAuthority
from authorities.local_clerk import Clerk
from authorities.local_tables import LocalCertificate, LocalOrder
from domain.revocation import RevocationReason
from records.database import Database
from settings import Settings
from tests.certification import TARO, key_in, make_csr


class Hook:
    """The client's hook: answers with the statuses given, the last one for ever; 0 is no answer."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [204]
        self.calls: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 0:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(status)

    @property
    def orders(self) -> list[str]:
        return [json.loads(call.content)["order_id"] for call in self.calls]


@pytest.fixture
def prompt(settings: Settings) -> Settings:
    """Settings under which the CA issues at once."""
    return settings.model_copy(update={"issuance_delay": timedelta(0)})


@pytest.fixture
def authority(database: Database, prompt: Settings) -> LocalAuthority:
    return LocalAuthority(database, prompt)


def order(number: int = 1, csr: str | None = None) -> CertificateRequest:
    return CertificateRequest(f"REFERENCE-{number}", TARO, key_in(csr or make_csr()), 2)


def clerk_of(database: Database, settings: Settings, authority: LocalAuthority, hook: Hook) -> Clerk:
    return Clerk(database, settings, authority, hook.transport)


async def certificates(database: Database) -> Sequence[LocalCertificate]:
    async with database.begin() as session:
        return (await session.scalars(select(LocalCertificate))).all()


async def let_waits_pass(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(update(LocalOrder).values(tell_at=datetime.now(UTC)))


async def test_an_order_is_fulfilled_later_and_the_hook_is_called(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    hook, request = Hook(), order()
    await authority.order(request)
    with pytest.raises(NotIssuedYet):
        await authority.fetch(request.order_id)

    assert await clerk_of(database, prompt, authority, hook).round()

    issued = await authority.fetch(request.order_id)
    assert inspect_issued(issued, TARO, request.public_key, authority.anchors, datetime.now(UTC)) == []
    assert issued.chain == authority.chain
    call = hook.calls[0]
    assert str(call.url) == "http://127.0.0.1:8000/hooks/ca/local"
    assert call.headers["authorization"] == "Bearer hook-key"
    assert hook.orders == [request.order_id]


async def test_nothing_is_left_to_do_afterwards(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    hook = Hook()
    clerk = clerk_of(database, prompt, authority, hook)
    await authority.order(order())
    await clerk.round()
    await let_waits_pass(database)
    assert not await clerk.round()
    assert len(hook.calls) == 1


async def test_nothing_is_issued_before_the_delay_has_passed(database: Database, settings: Settings) -> None:
    slow = settings.model_copy(update={"issuance_delay": timedelta(days=3)})
    authority = LocalAuthority(database, slow)
    await authority.order(order())
    assert not await clerk_of(database, slow, authority, Hook()).round()
    with pytest.raises(NotIssuedYet):
        await authority.fetch("REFERENCE-1")


async def test_the_same_order_again_changes_nothing(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    request = order()
    await authority.order(request)
    await clerk_of(database, prompt, authority, Hook()).round()
    issued = await authority.fetch(request.order_id)
    await authority.order(request)
    await clerk_of(database, prompt, authority, Hook()).round()
    assert await authority.fetch(request.order_id) == issued
    assert len(await certificates(database)) == 1


async def test_other_data_under_the_same_order_id_are_refused(authority: LocalAuthority) -> None:
    await authority.order(order(csr=make_csr()))
    with pytest.raises(OrderRefused, match=ORDER_DIFFERS):
        await authority.order(order(csr=make_csr()))


async def test_contents_that_do_not_pass_the_linter_are_refused_before_anything_is_stored(
    database: Database, authority: LocalAuthority
) -> None:
    subject = TARO.model_copy(update={"corporate_number": "8999999999999"})
    request = CertificateRequest("REFERENCE-1", subject, key_in(make_csr()), 1)
    with pytest.raises(OrderRefused) as refused:
        await authority.order(request)
    assert refused.value.findings == ["jcan.corporate_number_check_digit"]
    async with database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(LocalOrder)) == 0


async def test_an_unknown_order_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(OrderRefused, match=ORDER_UNKNOWN):
        await authority.fetch("REFERENCE-9")


async def test_a_clerk_killed_before_signing_leaves_what_the_next_one_signs(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    await authority.order(order())
    await clerk_of(database, prompt, authority, Hook()).prepare()
    (prepared,) = await certificates(database)
    assert prepared.certificate is None

    hook = Hook()
    await clerk_of(database, prompt, authority, hook).round()

    issued = await authority.fetch("REFERENCE-1")
    assert serial_text(issued.certificate.serial_number) == prepared.serial
    assert issued.certificate.tbs_certificate_bytes == prepared.tbs
    assert hook.orders == ["REFERENCE-1"]


async def test_a_clerk_killed_after_signing_leaves_the_hook_to_the_next_one(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    await authority.order(order())
    first = clerk_of(database, prompt, authority, Hook())
    await first.prepare()
    await first.sign()
    hook = Hook()
    await clerk_of(database, prompt, authority, hook).round()
    assert hook.orders == ["REFERENCE-1"]


async def test_the_hook_is_called_until_it_answers(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    hook = Hook(0, 503, 401, 204)
    clerk = clerk_of(database, prompt, authority, hook)
    await authority.order(order())
    await clerk.round()
    assert not await clerk.tell(), "a failed call is not repeated at once"
    for _ in range(5):
        await let_waits_pass(database)
        await clerk.round()
    assert len(hook.calls) == 4


async def test_clerks_at_work_together_issue_one_certificate_per_order(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    hook = Hook()
    await asyncio.gather(*(authority.order(order(number)) for number in range(12)))
    clerks = [clerk_of(database, prompt, authority, hook) for _ in range(4)]
    while any(await asyncio.gather(*(clerk.round() for clerk in clerks))):
        pass
    assert len({row.order_id for row in await certificates(database)}) == 12
    assert len(await certificates(database)) == 12
    assert sorted(hook.orders) == sorted(f"REFERENCE-{number}" for number in range(12))


class Heard(logging.Handler):
    """Notices the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warning = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "cannot be reached" in record.getMessage():
            self.warning.set()


async def test_a_serving_clerk_waits_for_its_database(prompt: Settings, authority: LocalAuthority) -> None:
    heard, logger = Heard(), logging.getLogger("jcan.ca.clerk")
    away = Database("postgresql://127.0.0.1:1/none")
    logger.addHandler(heard)
    serving = asyncio.create_task(clerk_of(away, prompt, authority, Hook()).serve())
    async with asyncio.timeout(20):
        await heard.warning.wait()
    assert not serving.done()
    logger.removeHandler(heard)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    await away.close()


async def test_the_first_revocation_counts(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    await authority.order(order())
    await clerk_of(database, prompt, authority, Hook()).round()
    serial = serial_text((await authority.fetch("REFERENCE-1")).certificate.serial_number)
    await authority.revoke(serial, RevocationReason.KEY_COMPROMISE)
    (first,) = await certificates(database)
    await authority.revoke(serial, RevocationReason.SUPERSEDED)
    (second,) = await certificates(database)
    assert first.revoked_at == second.revoked_at
    assert second.revocation_reason == "keyCompromise"


async def test_an_unknown_serial_number_cannot_be_revoked(authority: LocalAuthority) -> None:
    with pytest.raises(UnknownSerial):
        await authority.revoke("0f", RevocationReason.SUPERSEDED)


async def test_an_erased_person_is_in_no_row_and_the_serial_number_stays(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    await authority.order(order())
    await clerk_of(database, prompt, authority, Hook()).round()
    await authority.erase("REFERENCE-1")
    (row,) = await certificates(database)
    assert (row.tbs, row.certificate) == (None, None)
    assert row.serial
    with pytest.raises(OrderRefused, match=ERASED):
        await authority.fetch("REFERENCE-1")


async def test_an_order_erased_before_it_is_due_is_never_fulfilled(
    database: Database, prompt: Settings, authority: LocalAuthority
) -> None:
    await authority.order(order())
    await authority.erase("REFERENCE-1")
    assert not await clerk_of(database, prompt, authority, Hook()).round()
    assert list(await certificates(database)) == []
