"""The worker: runs the workflows and their activities until it is told to stop."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
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
from engine import runtime
from engine.attempts import Attempts
from engine.client import Connection
from engine.sandbox import sandbox
from engine.temporal_settings import load_everything
from records.database import Database
from records.missing import Missing
from records.preparation import DATABASE_AWAY, Preparation
from records.vault import Vault
from settings import Settings, SettingsError
from telemetry import logs
from telemetry.counterparts import Counterpart, Counterparts
from telemetry.exposition import exposed
from telemetry.gauges import Open, Reach
from tenants import load_tenants
from workflows.certificate import Certificate
from workflows.enrolment import Enrolment
from workflows.names import TASK_QUEUE
from workflows.retention import Retention

GRACEFUL = timedelta(seconds=10)
"""How long running activities may finish after the worker was told to stop."""
HEARTBEAT = timedelta(seconds=10)
"""How often the worker shows that it is alive."""
ASKED_EVERY = timedelta(seconds=1)
"""How often the worker looks again for what it lacks."""
STICKY = timedelta(seconds=2)
"""How long a run that another worker has in memory waits for that one; killed, it never comes."""

_log = logs.logger("jcan.worker")


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
    settings, temporal = load_everything()
    logs.set_up(settings.profile)
    runtime.start(measured=settings.metrics_port is not None)
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    sign = settings.run_dir / "worker.ready"
    database = Database(settings.database_url)
    vault = Vault(database, settings.master_keyring)
    connection = Connection(temporal, vault, database)
    preparation = Preparation(database, settings)
    counterparts = Counterparts()
    reach = Reach(
        counterparts,
        {Counterpart.DATABASE: preparation.missing, Counterpart.TEMPORAL: connection.missing},
    )
    try:
        async with exposed(settings, reach, Open(database, load_tenants())):
            client = await _prepared(preparation, connection, told)
            if client is not None:
                gc.freeze()  # what is loaded stays
                async with _serving(client, database, vault, settings, counterparts, told):
                    await _show_life(sign, told)
                sign.unlink(missing_ok=True)
    finally:
        await database.close()
    return 0


async def _show_life(sign: Path, told: asyncio.Event) -> None:
    """Touch a file as long as this process works, for whoever watches its age."""
    _log.info("works")
    while not told.is_set():
        await asyncio.to_thread(sign.touch)
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), HEARTBEAT.total_seconds())
    _log.info("stops")


@asynccontextmanager
async def _serving(
    client: Client,
    database: Database,
    vault: Vault,
    settings: Settings,
    counterparts: Counterparts,
    told: asyncio.Event,
) -> AsyncIterator[None]:
    """Run a worker, and the embedded CA's clerk beside it, for the length of the block.

    A clerk who fails has the process stop as if it was `told` to: the next one has another clerk.
    """

    def look_after(clerk: asyncio.Task[None]) -> None:
        if not clerk.cancelled():
            _log.error("the local CA's clerk failed", exc_info=clerk.exception())
            told.set()

    authority = LocalAuthority(database, settings)
    clerk = asyncio.create_task(Clerk(database, settings, authority).serve())
    clerk.add_done_callback(look_after)
    try:
        async with make_worker(client, database, vault, settings, authority, counterparts):
            yield
    finally:
        clerk.cancel()


def make_worker(
    client: Client,
    database: Database,
    vault: Vault,
    settings: Settings,
    authority: Authority,
    counterparts: Counterparts,
) -> Worker:
    """Give a worker with everything that the workflows call; it remembers which counterparts fail."""
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
        interceptors=[Attempts(counterparts)],
        graceful_shutdown_timeout=GRACEFUL,
        sticky_queue_schedule_to_start_timeout=STICKY,
    )


async def _prepared(preparation: Preparation, connection: Connection, told: asyncio.Event) -> Client | None:
    """Wait until all is there that the work needs, saying what is not: a worker started first is no error.

    None when it was told to stop meanwhile.
    """
    said: list[Missing] = []
    while not told.is_set():
        missing = await _missing(preparation, connection)
        if not missing:
            with suppress(RuntimeError):
                return await connection.connected()
        for each in missing:
            if each not in said:
                _log.warning("waits for what is missing", missing=each.name, told=each.sentence)
        said = missing
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), ASKED_EVERY.total_seconds())
    return None


async def _missing(preparation: Preparation, connection: Connection) -> list[Missing]:
    try:
        database = await preparation.missing()
    except SQLAlchemyError:
        database = DATABASE_AWAY
    return [each for each in (database, await connection.missing()) if each is not None]


if __name__ == "__main__":
    main()
