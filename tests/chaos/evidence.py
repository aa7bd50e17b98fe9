"""What is to be seen after a run: database, counterparts, Temporal, mails, logs."""

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client

from tests.chaos.econtract_proxy import Call
from tests.chaos.log_lines import LogEntry, entries_in
from tests.chaos.plan import Fault
from tests.running.mailbox import Mail
from tests.running.stack import Stack

Row = dict[str, Any]

_QUERIES = {
    "enrolments": "SELECT reference, stage, outcome FROM records.enrolments",
    "tickets": "SELECT number, reserved_by, consumed_at FROM records.tickets",
    "audit": "SELECT reference, action, actor, key, facts FROM records.audit_entries ORDER BY sequence",
    "mailings": "SELECT message_id, accepted_at, refusal FROM records.mailings",
    "certificates": "SELECT reference, serial, installed_at, revoked_at FROM records.certificates",
    "ca_orders": "SELECT order_id, refused FROM local_ca.orders",
    "ca_certificates": "SELECT order_id, serial, revoked_at FROM local_ca.certificates",
}
_AT_THE_SERVICE = {
    "credentials": "SELECT credential_id, reference, deleted_at FROM credentials",
    "installed": "SELECT credential_id, serial, removed_at FROM certificates",
}
_LOGBOOK = {
    "events": "SELECT event_id, reference, stage, serial, deliveries FROM events",
    "calls": "SELECT method, path, status FROM calls WHERE direction = 'in'",
}
_RUNS = ("Enrolment", "Certificate")
_STATUSES = ("Running", "Completed", "Failed", "Terminated", "TimedOut", "Canceled", "ContinuedAsNew")


@dataclass
class Evidence:
    """Rows by table, runs by type and status, and everything else that tells how it went."""

    rows: Mapping[str, list[Row]]
    runs: Mapping[tuple[str, str], int]
    mails: list[Mail]
    calls: list[Call]
    mail_sessions: Counter[Fault]
    audit_said: str
    logs: list[LogEntry] = field(default_factory=list)
    deaths: int = 0

    def read_logs(self, folder: Path) -> None:
        """Read every log of the run directory."""
        for log in sorted(folder.iterdir()):
            text = log.read_text(encoding="utf-8", errors="replace")
            self.logs += entries_in(log.stem, text)
            if log.stem == "devstack":
                self.deaths = text.count(" was ended by SIG")


async def open_enrolments(stack: Stack) -> int:
    """Give how many enrolments' runs are open."""
    return (await _runs(stack))["Enrolment", "Running"]


async def gather(
    stack: Stack, mails: list[Mail], calls: list[Call], mail_sessions: Counter[Fault]
) -> Evidence:
    """Look everywhere while the stack still runs."""
    rows = await asyncio.to_thread(_rows, stack)
    said = await stack.jcan("audit", "verify")
    return Evidence(rows, await _runs(stack), mails, calls, mail_sessions, said.strip())


def _rows(stack: Stack) -> dict[str, list[Row]]:
    service = stack.run_dir.path / "econtract"
    with psycopg.connect(stack.ready["database"], row_factory=dict_row) as connection:
        ours = {name: connection.execute(query).fetchall() for name, query in _QUERIES.items()}
    return (
        ours
        | _of_file(service / "credentials.sqlite3", _AT_THE_SERVICE)
        | _of_file(service / "log.sqlite3", _LOGBOOK)
    )


def _of_file(file: Path, queries: Mapping[str, str]) -> dict[str, list[Row]]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        return {name: [dict(row) for row in connection.execute(query)] for name, query in queries.items()}


async def _runs(stack: Stack) -> dict[tuple[str, str], int]:
    client = await Client.connect(stack.ready["temporal"], namespace=stack.ready["namespace"])
    counts = {}
    for kind in _RUNS:
        for status in _STATUSES:
            query = f"WorkflowType = '{kind}' AND ExecutionStatus = '{status}'"
            counts[kind, status] = (await client.count_workflows(query)).count
    return counts
