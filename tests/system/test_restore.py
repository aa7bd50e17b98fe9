"""A dump of both stores, restored into a fresh stack while the world has gone on: nobody gets lost.

What is typed is read out of docs/operations.md.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import httpx
import psycopg
import pytest
from cryptography import x509

from devstack.console import Console
from devstack.ports import Ports, variable
from devstack.postgres import postgres_part, prepare
from devstack.supervisor import Supervisor
from domain.reference import Reference
from tests.running.enrolling import Enrolling, People, new_address
from tests.running.stack import Stack, new_directory
from tests.running.waiting import until
from tests.system.runbook.at_the_ca import Books
from tests.system.runbook.office import Shell, Walk

KEPT_BY_OTHERS = ("mail", "econtract")
"""What the mail server and the e-contract service have: no dump of ours, and never taken back."""
KEPT_APART = ("secrets.env", "ca")
AGREED = {"decision": "approve", "obligations": "yes"}


@dataclass
class Crowd:
    """People at every stage, by where their runs stand in Temporal's dump."""

    registered: Enrolling
    applying: Enrolling
    awaiting_approval: Enrolling
    in_review: Enrolling
    issuing: Enrolling
    issued: Enrolling
    submits_between: Enrolling
    registers_between: Enrolling
    erased: Enrolling
    principal: str


@pytest.fixture
async def directory() -> AsyncIterator[Path]:
    """A folder for both stacks and the dumps."""
    made = new_directory()
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def test_a_restored_dump_goes_on_where_it_stood(directory: Path) -> None:
    first = Stack(directory / "first", JCAN_ISSUANCE_DELAY="PT1S")
    ports = {variable(each.name): str(getattr(first.ports, each.name)) for each in fields(Ports)}
    second = Stack(directory / "second", **ports, JCAN_ISSUANCE_DELAY="PT1S")
    for stack in (first, second):
        stack.run_dir.path.mkdir(parents=True)
    dumps = directory / "dumps"
    dumps.mkdir()
    try:
        async with AsyncExitStack() as clients:
            await first.start()
            crowd = await gathered(People(first, clients))
            await come_so_far(crowd, Books(first))
            shell = Shell(first.environment, dumps)
            await dumped(crowd, first, shell)
            serial = await gone_on(crowd, first, shell)
            environment = first.environment
            await first.stop()

            await restored(first, second, environment, dumps)
            await second.start()
            told = await Walk(Shell(second.environment, dumps), "Restoring").do("jcan restored runs")
            assert_told(told, crowd, serial)
            await finish(crowd, second)
            await assert_right(crowd, second, serial)
            await second.stop()
    finally:
        first.kill()
        second.kill()


async def gathered(people: People) -> Crowd:
    """Ten people, of whom one is an agent's principal."""
    operators = {"tenant": "contracthub", "company_code": "contracthub"}
    return Crowd(
        registered=await people.new(),
        applying=await people.new(),
        awaiting_approval=await people.new(applicant="agent"),
        in_review=await people.new(**operators),
        issuing=await people.new(),
        issued=await people.new(),
        submits_between=await people.new(),
        registers_between=await people.new(),
        erased=await people.new(**operators),
        principal=new_address(),
    )


async def come_so_far(crowd: Crowd, books: Books) -> None:
    """Everybody comes as far as they are to be at the dump."""
    agent, principal = crowd.awaiting_approval, crowd.principal

    async def register() -> None:
        await crowd.registered.register()
        await crowd.registered.mail()

    async def apply() -> None:
        await crowd.applying.open()
        await crowd.applying.fill_in()

    async def ask() -> None:
        await agent.open()
        await agent.submit(email=principal, email_confirmation=principal)
        await agent.mail("approval_request", to=principal)

    async def submit(applicant: Enrolling) -> None:
        await applicant.open()
        await applicant.submit()

    await submit(crowd.issued)
    await crowd.issued.mail("issued")
    others = (crowd.in_review, crowd.erased)
    await asyncio.gather(register(), apply(), ask(), *map(submit, others), crowd.submits_between.open())
    with books.slow():
        await submit(crowd.issuing)
        await until(lambda: _has(books, crowd.issuing), "the order is taken")


async def dumped(crowd: Crowd, first: Stack, shell: Shell) -> None:
    """Dump Temporal's store and then the database; in between somebody registers, and somebody submits."""
    backup = Walk(shell, "Backups")
    await backup.do("python -c", RUN_DIR=str(first.run_dir.path))
    books = Books(first)
    with books.slow():
        await crowd.submits_between.submit()
        await until(lambda: _has(books, crowd.submits_between), "the order is taken")
    await crowd.registers_between.register()
    await backup.do("pg_dump")


async def gone_on(crowd: Crowd, first: Stack, shell: Shell) -> str:
    """The world goes on after the dump; gives the serial of what was revoked."""
    await Walk(shell, "Somebody asks to be erased").do(
        "jcan shred REFERENCE --withdraw", REFERENCE=crowd.erased.reference
    )
    serial = _certificates(first)[crowd.issued.reference][0]
    await Walk(shell, "A certificate has to go at once").do("jcan certificates revoke", SERIAL=serial)
    await crowd.issued.mail("revoked")
    with Books(first).slow():
        # The e-contract service makes a key, the CA takes an order: the restored stack knows of neither.
        await Walk(shell, "A review is overdue").do(
            "jcan enrolments review", REFERENCE=crowd.in_review.reference
        )
        await until(lambda: _has(Books(first), crowd.in_review), "the order is taken")
    await crowd.registered.ask_for_new_link()
    await crowd.registered.mail(number=2)
    await Walk(shell, "Backups").do("jcan audit export")
    return serial


async def restored(first: Stack, second: Stack, environment: dict[str, str], dumps: Path) -> None:
    """Put everything where the second stack finds it, and erase again, before anything of it runs."""
    for name in (*KEPT_BY_OTHERS, *KEPT_APART):
        source, target = first.run_dir.path / name, second.run_dir.path / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    second.run_dir.temporal.mkdir(mode=0o700)
    shutil.copy2(dumps / "temporal.db", second.run_dir.temporal)
    second.run_dir.logs.mkdir(mode=0o700)
    cluster = prepare(second.run_dir.path)
    supervisor = Supervisor(second.run_dir, Console(second.run_dir.log("restore")), lambda _: None)
    await supervisor.start(postgres_part(cluster))
    try:
        beside = {
            "JCAN_DATABASE_URL": cluster.url(),
            "JCAN_CA_DIR": str(second.run_dir.certificate_authority),
        }
        restoring = Walk(Shell(environment | beside, dumps), "Restoring")
        await restoring.do("pg_restore")
        assert "Erased again: 1. Revoked again: 1." in await restoring.do("jcan restored erasures")
        assert "Erased again: 0. Revoked again: 0." in await restoring.do("jcan restored erasures")
    finally:
        await supervisor.stop()


def assert_told(told: str, crowd: Crowd, serial: str) -> None:
    """What was set right is what came in between, and what was repeated."""
    lines = {line.split()[0]: line for line in told.splitlines() if "  " in line}
    assert set(lines) == {
        crowd.submits_between.reference,
        crowd.registers_between.reference,
        crowd.erased.reference,
        serial,
    }
    assert "was issuing on record, its run is at applying" in lines[crowd.submits_between.reference]
    assert "has no run" in lines[crowd.registers_between.reference]
    assert "terminated" in lines[crowd.erased.reference]
    assert "its run did not know" in lines[serial]


async def finish(crowd: Crowd, second: Stack) -> None:
    """Everybody goes on with the links they have, and comes to the end."""
    books = Books(second)
    books.fulfil(_order(crowd.issuing))

    async def begin() -> None:
        await crowd.registered.press((await crowd.registered.mail()).link)
        await crowd.registered.submit()

    async def approve() -> None:
        request = await crowd.awaiting_approval.mail("approval_request", to=crowd.principal)
        approval = await crowd.registered.press(request.link)
        await crowd.registered.post(approval.form_action(), approval.posted_fields() | AGREED)

    async def submit_again() -> None:
        await crowd.submits_between.submit()
        books.fulfil(_order(crowd.submits_between))

    async def register_again() -> None:
        await crowd.registers_between.register()
        await crowd.registers_between.press((await crowd.registers_between.mail(number=2)).link)
        await crowd.registers_between.submit()

    await asyncio.gather(
        begin(),
        approve(),
        submit_again(),
        register_again(),
        crowd.applying.submit(),
        second.jcan("enrolments", "review", crowd.in_review.reference, "approve"),
    )
    await asyncio.gather(*(each.mail("issued") for each in _open(crowd)))


async def assert_right(crowd: Crowd, second: Stack, serial: str) -> None:
    """One certificate each, tickets used once, an intact trail, and nothing of who was erased."""
    certificates = _certificates(second)
    assert {reference: len(serials) for reference, serials in certificates.items()} == {
        each.reference: 1 for each in (*_open(crowd), crowd.issued)
    }
    with psycopg.connect(second.ready["database"]) as database:
        used = database.execute(
            "SELECT number, reserved_by FROM records.tickets WHERE consumed_at IS NOT NULL"
        ).fetchall()
        installed = database.execute(
            "SELECT count(*) FROM records.certificates WHERE installed_at IS NOT NULL"
        ).fetchone()
    assert dict(used) == {each.ticket: each.reference for each in (*_open(crowd), crowd.issued)}
    assert installed == (len(certificates),)
    assert "Intact" in await second.jcan("audit", "verify")
    async with httpx.AsyncClient(base_url=second.web, trust_env=False) as client:
        crl = x509.load_der_x509_crl((await client.get("/ca/local/issuing.crl")).content)
    assert crl.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None
    page = await crowd.erased.get(f"{crowd.erased.home}/status")
    assert crowd.erased.email not in page.html
    assert "Set right: 0." in await second.jcan("restored", "runs")


def _open(crowd: Crowd) -> tuple[Enrolling, ...]:
    """Those who were on their way when the dump was made, and come to their end on the second stack."""
    return (
        crowd.registered,
        crowd.applying,
        crowd.awaiting_approval,
        crowd.in_review,
        crowd.issuing,
        crowd.submits_between,
        crowd.registers_between,
    )


def _order(applicant: Enrolling) -> str:
    return f"{Reference.parse(applicant.reference).text}-1"


async def _has(books: Books, applicant: Enrolling) -> bool:
    return books.has(_order(applicant))


def _certificates(stack: Stack) -> dict[str, list[str]]:
    """The serials of each enrolment's certificates."""
    with psycopg.connect(stack.ready["database"]) as database:
        query = "SELECT reference, array_agg(serial) FROM records.certificates GROUP BY reference"
        return dict(database.execute(query).fetchall())
