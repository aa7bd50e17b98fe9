"""What goes wrong between a cleared application and the installed certificate."""

import asyncio

import pytest

from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.waiting import until
from tests.system.runbook.at_the_ca import Books, Desk
from tests.system.runbook.office import Office

CA_TROUBLE = "証明書に問題があるか、認証局が拒否しました"


@pytest.fixture
def books(office: Office) -> Books:
    return Books(office.stack)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office.stack)


async def ordered(books: Books, order_id: str) -> None:
    """Wait until the CA has taken an order."""

    async def look() -> bool:
        return books.has(order_id)

    await until(look, "the CA has taken the order")


async def signed(books: Books, order_id: str) -> None:
    """Wait until the CA has signed an order's certificate."""

    async def look() -> bool:
        return books.has_issued(order_id)

    await until(look, "the CA has issued")


async def test_the_certification_request_cannot_be_used_and_then_the_service_is_down(
    office: Office, desk: Desk, people: People
) -> None:
    applicant = await people.new()
    await applicant.open()
    other = await desk.claim(applicant)
    await applicant.submit()
    async with office.walk("The certification request cannot be used") as entry:
        await office.marked(applicant, "証明書署名要求に問題があります", "再開する")
        listed = await entry.do("jcan enrolments list --attention")
        assert "certification_request_refused" in listed
        told = await entry.do("temporal workflow metadata", REFERENCE=applicant.reference)
        assert "`conflict`" in told
        await desk.delete(other)
        async with office.service.away():
            said = await entry.do("jcan enrolments resume", REFERENCE=applicant.reference)
            assert "Accepted" in said
            await office.unmarked(applicant)
            async with office.walk("The e-contract service is down") as down:
                asking = await office.tries(applicant, "create_credential")
                assert asking.failure == "EContractUnavailable"
                seen = await down.do("temporal workflow describe", REFERENCE=applicant.reference)
                assert "create_credential" in seen
                await office.service.come()
                await applicant.shows(ISSUED)
                shown = await down.do("jcan enrolments show", REFERENCE=applicant.reference)
                assert "issued (installed)" in shown
                office.service.go()


async def test_the_ca_is_down_and_then_its_message_is_lost(
    office: Office, books: Books, people: People
) -> None:
    applicant = await people.new()
    await applicant.open()
    async with office.walk("The CA is down") as entry:
        with books.slow():
            with books.away():
                await applicant.submit()
                await office.tries(applicant, "order_certificate")
                seen = await entry.do("temporal workflow describe", REFERENCE=applicant.reference)
                assert "order_certificate" in seen
            await ordered(books, f"{applicant.reference}-1")
        waiting = await office.tries(applicant, "fetch_certificate")
        assert waiting.failure == "NotIssuedYet"
        books.fulfil_silently(f"{applicant.reference}-1")
        await signed(books, f"{applicant.reference}-1")
        await entry.do("temporal workflow signal", REFERENCE=applicant.reference)
        await applicant.shows(ISSUED)


async def test_the_ca_refuses_then_mixes_up_keys_and_then_the_service_refuses(
    office: Office, books: Books, desk: Desk, people: People
) -> None:
    applicant, another = await people.new(), await people.new()
    await asyncio.gather(applicant.open(), another.open())
    async with office.walk("The CA refuses an order, or its certificate is not what was ordered") as entry:
        with books.misreading():
            await asyncio.gather(applicant.submit(), another.submit())
            await office.marked(applicant, CA_TROUBLE, "再開する")
            await office.marked(another, CA_TROUBLE, "断念する")
        told = await entry.do("temporal workflow metadata", REFERENCE=applicant.reference)
        assert "`order_refused`" in told
        assert "Accepted" in await entry.do("jcan enrolments give-up", REFERENCE=another.reference)
        await another.mail("given_up")
        again = await people.new(ticket=another.ticket)
        await again.register()

        with books.slow():
            assert "Accepted" in await entry.do("jcan enrolments resume", REFERENCE=applicant.reference)
            await ordered(books, f"{applicant.reference}-2")
        books.mix_up_keys(f"{applicant.reference}-2")
        books.fulfil(f"{applicant.reference}-2")
        await office.marked(applicant, CA_TROUBLE, "再開する")
        assert "`certificate_refused`" in await office.details(applicant)
        assert books.revoked(f"{applicant.reference}-2")

        with books.slow():
            await entry.do("jcan enrolments resume", REFERENCE=applicant.reference)
            await ordered(books, f"{applicant.reference}-3")
    await refused_there(office, books, desk, applicant)


async def refused_there(office: Office, books: Books, desk: Desk, applicant: Enrolling) -> None:
    """The service refuses the certificate of somebody's third order, and then takes it."""
    async with office.walk("The service refuses the certificate") as entry:
        credential = desk.occupy(applicant)
        books.fulfil(f"{applicant.reference}-3")
        await office.marked(applicant, "証明書の登録が拒否されました", "再開する")
        assert "`conflict`" in await office.details(applicant)
        await desk.make_room(credential)
        assert "Accepted" in await entry.do("jcan enrolments resume", REFERENCE=applicant.reference)
        await applicant.shows(ISSUED)
