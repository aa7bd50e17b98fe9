"""What can go wrong at the embedded CA, and at the e-contract service's own store, brought about by hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import psycopg

from tests.certification import key_in, make_csr
from tests.running.enrolling import Enrolling
from tests.running.stack import Stack


class Books:
    """The embedded CA's books, for who works there."""

    def __init__(self, stack: Stack) -> None:
        self._database = stack.ready["database"]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have no order taken for the length of the block."""
        self._execute("ALTER TABLE local_ca.orders RENAME TO orders_elsewhere")
        try:
            yield
        finally:
            self._execute("ALTER TABLE local_ca.orders_elsewhere RENAME TO orders")

    @contextmanager
    def misreading(self) -> Iterator[None]:
        """Have every order written down for somebody else."""
        with self._entering('NEW.subject := NEW.subject || \'{"surname": "Somebody"}\'::jsonb'):
            yield

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Have every order put off until tomorrow."""
        with self._entering("NEW.due_at := NEW.due_at + interval '1 day'"):
            yield

    def fulfil(self, order_id: str) -> None:
        """Have an order fulfilled now."""
        self._set("due_at = now()", order_id)

    def fulfil_silently(self, order_id: str) -> None:
        """Have an order fulfilled now, and nobody told."""
        self._set("due_at = now(), told_at = now()", order_id)

    def mix_up_keys(self, order_id: str) -> None:
        """Have an order's certificate made for another key."""
        self._set("public_key = %s", order_id, key_in(make_csr()))

    def has(self, order_id: str) -> bool:
        """Whether an order was taken."""
        return bool(self._execute("SELECT 1 FROM local_ca.orders WHERE order_id = %s", order_id))

    def has_issued(self, order_id: str) -> bool:
        """Whether an order's certificate is signed."""
        query = "SELECT 1 FROM local_ca.certificates WHERE order_id = %s AND signed_at IS NOT NULL"
        return bool(self._execute(query, order_id))

    def revoked(self, order_id: str) -> list[str]:
        """The serials of an order's revoked certificates."""
        query = "SELECT serial FROM local_ca.certificates WHERE order_id = %s AND revoked_at IS NOT NULL"
        return [str(row[0]) for row in self._execute(query, order_id)]

    def _set(self, what: str, order_id: str, *values: bytes) -> None:
        changed = self._execute(
            f"UPDATE local_ca.orders SET {what} WHERE order_id = %s RETURNING order_id",  # noqa: S608
            *values,
            order_id,
        )
        assert changed

    @contextmanager
    def _entering(self, change: str) -> Iterator[None]:
        body = f"BEGIN {change}; RETURN NEW; END"
        self._execute(
            f"CREATE FUNCTION local_ca.mishap() RETURNS trigger LANGUAGE plpgsql AS $${body}$$;"
            "CREATE TRIGGER mishap BEFORE INSERT ON local_ca.orders FOR EACH ROW"
            " EXECUTE FUNCTION local_ca.mishap()"
        )
        try:
            yield
        finally:
            self._execute("DROP FUNCTION local_ca.mishap() CASCADE")

    def _execute(self, statement: str, *values: str | bytes) -> list[tuple[object, ...]]:
        with psycopg.connect(self._database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class Desk:
    """The e-contract service's own staff."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._key = stack.environment["JCAN_ECONTRACT_KEY"]

    async def claim(self, applicant: Enrolling) -> str:
        """Have a credential under somebody's reference for somebody else; gives its id."""
        other = {"email": "somebody@example.jp", "name": "Somebody Else", "key": "EC-P256"}
        answer = await self._call("POST", "/credentials", {"reference": applicant.reference, **other})
        return str(answer.json()["credential_id"])

    async def delete(self, credential_id: str) -> None:
        """Destroy a credential."""
        await self._call("DELETE", f"/credentials/{credential_id}")

    def occupy(self, applicant: Enrolling) -> str:
        """Put another certificate where somebody's is to go; gives the credential's id."""
        with closing(
            sqlite3.connect(self._stack.run_dir.path / "econtract" / "credentials.sqlite3")
        ) as store:
            query = "SELECT credential_id FROM credentials WHERE reference = ? AND deleted_at IS NULL"
            (found,) = store.execute(query, (applicant.reference,)).fetchall()
            store.execute("INSERT INTO certificates (credential_id, serial) VALUES (?, 'ff')", found)
            store.commit()
        return str(found[0])

    async def make_room(self, credential_id: str) -> None:
        """Take that other certificate out."""
        body = {"serial": "ff", "reason": "superseded"}
        await self._call("DELETE", f"/credentials/{credential_id}/certificate", body)

    async def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._key}"}
        async with httpx.AsyncClient(base_url=self._stack.econtract, trust_env=False) as client:
            answer = await client.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer
