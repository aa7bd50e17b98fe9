"""A stack for the runbook: behind doors that the tests open and close, and with short patience."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from devstack.ports import LOOPBACK
from devstack.run_dir import RunDir
from tests.running.enrolling import people  # noqa: F401
from tests.running.stack import Stack, new_directory
from tests.system.runbook.counterparts import MailServer, Service
from tests.system.runbook.disk import Disk
from tests.system.runbook.office import Office, Shell

PATIENCE = {"JCAN_REVIEW_PATIENCE": "PT1S", "JCAN_RETENTION": "PT3S", "JCAN_ISSUANCE_DELAY": "PT1S"}


@pytest.fixture(scope="package")
def directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for everything; what failed is kept."""
    directory = new_directory()
    yield directory
    if not request.session.testsfailed:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="package")
def disk(directory: Path) -> Iterator[Disk]:
    """The disk of the stack's database."""
    disk = Disk(RunDir(directory / "run").path / "postgres")
    with disk.mounted():
        yield disk


@pytest_asyncio.fixture(scope="package")
async def office(directory: Path, disk: Disk) -> AsyncIterator[Office]:  # noqa: ARG001  (it is mounted)
    """An operator's place at a stack of its own."""
    mail, service = MailServer(), Service()
    await mail.come()
    await service.come()
    doors = {
        "JCAN_SMTP_RELAY_PORT": str(mail.port),
        "JCAN_ECONTRACT_URL": f"http://{LOOPBACK}:{service.port}",
    }
    stack = Stack(directory, **doors, **PATIENCE)
    mail.to, service.to = stack.ports.smtp, stack.ports.econtract
    try:
        await stack.start()
        key = (await stack.jcan("operators", "api-key", stack.ready["operator"]["username"])).strip()
        client = await Client.connect(stack.ready["temporal"])
        yield Office(stack, mail, service, Shell(stack.environment, directory, key), client)
        await stack.stop()
    finally:
        stack.kill()
        mail.go()
        service.go()


@pytest.fixture(scope="package")
def stack(office: Office) -> Stack:
    """The stack of everybody who applies here."""
    return office.stack
