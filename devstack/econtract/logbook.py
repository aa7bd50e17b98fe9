"""The logbook: every call in either direction, and every event that came, in an SQLite file."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Direction = Literal["in", "out"]

_TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, direction TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, status INTEGER
);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL,
    tenant TEXT NOT NULL, reference TEXT NOT NULL, stage TEXT NOT NULL,
    outcome TEXT, serial TEXT, deliveries INTEGER NOT NULL
);
"""
_KEPT = 2000


@dataclass(frozen=True)
class Call:
    """A call that we answered (`in`) or made (`out`); `status` None: there was no answer."""

    at: datetime
    direction: Direction
    method: str
    path: str
    status: int | None


@dataclass(frozen=True)
class Event:
    """An enrolment's change of stage; `deliveries` counts how often we were told."""

    event_id: str
    received_at: datetime
    tenant: str
    reference: str
    stage: str
    outcome: str | None
    serial: str | None
    deliveries: int


class Logbook:
    """The log in a folder; it survives a kill, and forgets what is old."""

    def __init__(self, folder: Path) -> None:
        """Open the log, made now if there is none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = folder / "log.sqlite3"
        with contextlib.closing(sqlite3.connect(self._file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)

    def note_call(self, direction: Direction, method: str, path: str, status: int | None) -> None:
        """Write a call down."""
        with self._begin() as connection:
            connection.execute(
                "INSERT INTO calls (at, direction, method, path, status) VALUES (?, ?, ?, ?, ?)",
                (_now(), direction, method, path, status),
            )
            connection.execute(
                "DELETE FROM calls WHERE number <= (SELECT max(number) FROM calls) - ?", (_KEPT,)
            )

    def note_event(
        self, event_id: str, tenant: str, reference: str, stage: str, outcome: str | None, serial: str | None
    ) -> None:
        """Write an event down; told again, it is the same event."""
        with self._begin() as connection:
            connection.execute(
                "INSERT INTO events"
                " (event_id, received_at, tenant, reference, stage, outcome, serial, deliveries)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
                " ON CONFLICT (event_id) DO UPDATE SET deliveries = deliveries + 1",
                (event_id, _now(), tenant, reference, stage, outcome, serial),
            )

    def calls(self, limit: int = 100) -> list[Call]:
        """Give the newest calls, the newest first."""
        with self._begin() as connection:
            rows = connection.execute("SELECT * FROM calls ORDER BY number DESC LIMIT ?", (limit,)).fetchall()
        return [
            Call(
                datetime.fromisoformat(row["at"]),
                row["direction"],
                row["method"],
                row["path"],
                row["status"],
            )
            for row in rows
        ]

    def events(self, reference: str | None = None, limit: int = 100) -> list[Event]:
        """Give the newest events, of all enrolments or of one, the newest first."""
        with self._begin() as connection:
            rows = connection.execute(
                "SELECT * FROM events WHERE ? IS NULL OR reference = ? ORDER BY number DESC LIMIT ?",
                (reference, reference, limit),
            ).fetchall()
        return [
            Event(
                row["event_id"],
                datetime.fromisoformat(row["received_at"]),
                row["tenant"],
                row["reference"],
                row["stage"],
                row["outcome"],
                row["serial"],
                row["deliveries"],
            )
            for row in rows
        ]

    @contextlib.contextmanager
    def _begin(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        with contextlib.closing(connection):
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")


def _now() -> str:
    return datetime.now(UTC).isoformat()
