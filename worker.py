"""The worker: runs the workflows and their activities until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.authority import CertificateAuthority
from activities.certificates import Certificates
from activities.econtract import EContract
from activities.erasure import Erasure
from activities.events import Events
from activities.journal import Journal
from activities.mail import Mail
from activities.tickets import Tickets
from authorities.connector import Authority
from authorities.local import LocalAuthority
from authorities.local_clerk import Clerk
from engine.client import Connection
from engine.sandbox import sandbox
from records.database import Database
from records.vault import Vault
from settings import Settings, SettingsError, load_settings
from tenants import load_tenants
from workflows.certificate import Certificate
from workflows.enrolment import Enrolment
from workflows.names import TASK_QUEUE
from workflows.retention import Retention

GRACEFUL = timedelta(seconds=10)
"""How long running activities may finish after the worker was told to stop."""


def main() -> None:
    """Run as a process. It leaves without the interpreter's own shutdown, where the SDK's core can crash."""
    try:
        code = asyncio.run(_serve_until_told())
    except SettingsError as error:
        print(error, file=sys.stderr)
        code = 2
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _serve_until_told() -> int:
    settings = load_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It prints what activities raise, arguments of the raising frames included; the UI shows it, sealed.
    logging.getLogger("temporalio.activity").setLevel(logging.CRITICAL)
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    sign = settings.run_dir / "worker.ready"
    async with serving(settings):
        sign.touch()
        await told.wait()
    sign.unlink(missing_ok=True)
    return 0


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Client]:
    """Run a worker, and the embedded CA's clerk beside it, for the length of the block."""
    database = Database(settings.database_url)
    vault = Vault(database, settings.master_keyring)
    client = await _connected(Connection(settings, vault, database))
    authority = LocalAuthority(database, settings)
    clerk = asyncio.create_task(Clerk(database, settings, authority).serve())
    try:
        async with make_worker(client, database, vault, settings, authority):
            yield client
    finally:
        clerk.cancel()
        await database.close()


def make_worker(
    client: Client, database: Database, vault: Vault, settings: Settings, authority: Authority
) -> Worker:
    """Give a worker with everything that the workflows call."""
    journal = Journal(database, vault, settings.digest_key)
    tickets = Tickets(database, vault, settings.digest_key, client)
    mail = Mail(database, settings, load_tenants())
    econtract = EContract(settings)
    events = Events(settings)
    ca = CertificateAuthority(database, vault, authority)
    certificates = Certificates(database, vault, settings.digest_key)
    erasure = Erasure(database, authority, client)
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[Enrolment, Certificate, Retention],
        activities=[
            journal.record,
            tickets.reserve,
            mail.send_mail,
            econtract.create_credential,
            econtract.install_certificate,
            econtract.remove_certificate,
            econtract.delete_credential,
            events.deliver,
            ca.check_request,
            ca.order_certificate,
            ca.fetch_certificate,
            ca.revoke_certificate,
            certificates.record,
            certificates.find_kin,
            erasure.shred,
        ],
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=GRACEFUL,
    )


async def _connected(connection: Connection) -> Client:
    """Wait for Temporal: a worker that is started first is not an error."""
    while True:
        try:
            return await connection.connected()
        except RuntimeError as error:
            logging.getLogger(__name__).warning("Temporal cannot be reached yet: %s", type(error).__name__)
            await asyncio.sleep(1)


if __name__ == "__main__":
    main()
