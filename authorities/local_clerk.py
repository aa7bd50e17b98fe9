"""The embedded CA's clerk: fulfils orders that are due, and calls the client's hook until it is answered.

Each step is one transaction that leaves the order in a state from which any clerk goes on:
accepted → prepared (serial and contents stored) → signed → told. Clerks lock the rows they work on and skip
those that another has locked, so any number of them may run, and any of them may be killed.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from authorities.connector import serial_text
from authorities.local import ERASED, LocalAuthority, request_of
from authorities.local_tables import LocalCertificate, LocalOrder
from authorities.signing import sign
from records.database import Database
from settings import Settings
from telemetry.logs import logger

POLL_SECONDS = 0.5
BATCH = 20
HOOK_TIMEOUT_SECONDS = 10.0
# Longer than a call may take: until then no other clerk calls for the same order.
HOOK_LEASE = timedelta(seconds=60)
# An unanswered call is repeated after 2, 4, 8 … and then every 64 seconds.
LONGEST_WAIT_EXPONENT = 6

_log = logger("jcan.ca.clerk")


class Clerk:
    """Issues what was ordered from the embedded CA."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        authority: LocalAuthority,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Work for an authority on its database; `transport` carries the hook's calls, HTTP if not given."""
        self._database = database
        self._authority = authority
        self._hook = f"{settings.web_origin}/hooks/ca/{authority.name}"
        self._key = settings.ca_hook_key
        # One client, for making one costs more than a call.
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=HOOK_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def serve(self) -> None:
        """Work until cancelled. A database that is away is waited for."""
        while True:
            try:
                worked = await self.round()
            except (SQLAlchemyError, OSError) as error:
                _log.warning("the local CA's books cannot be reached", error=type(error).__name__)
                worked = False
            if not worked:
                await asyncio.sleep(POLL_SECONDS)

    async def round(self) -> bool:
        """Do what is due now, each step once; tell whether there was anything."""
        return any([await self.prepare(), await self.sign(), await self.tell()])

    async def prepare(self) -> bool:
        """Store serial number and contents for the orders that are due; tell whether there were any."""
        now = datetime.now(UTC)
        due = (
            select(LocalOrder)
            .where(LocalOrder.prepared_at.is_(None), LocalOrder.refused.is_(None), LocalOrder.due_at <= now)
            .order_by(LocalOrder.due_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as session:
            orders = (await session.scalars(due)).all()
            for order in orders:
                certificate = await self._prepare(order, now)
                if certificate is not None:
                    session.add(certificate)
        return bool(orders)

    async def sign(self) -> bool:
        """Sign what is prepared; tell whether there was anything."""
        unsigned = (
            select(LocalCertificate)
            .where(LocalCertificate.signed_at.is_(None), LocalCertificate.tbs.is_not(None))
            .order_by(LocalCertificate.prepared_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        now = datetime.now(UTC)
        async with self._database.begin() as session:
            certificates = (await session.scalars(unsigned)).all()
            for row in certificates:
                signed = sign(row.tbs or b"", self._authority.keys.issuing_key)
                row.certificate = signed.public_bytes(Encoding.DER)
                row.signed_at = now
            order_ids = [row.order_id for row in certificates]
            await session.execute(
                update(LocalOrder).where(LocalOrder.order_id.in_(order_ids)).values(tell_at=now)
            )
        return bool(certificates)

    async def tell(self) -> bool:
        """Call the hook for what was signed or refused; tell whether there was anything to tell."""
        orders = await self._claim_untold()
        await asyncio.gather(*(self._tell(order_id, tries) for order_id, tries in orders))
        return bool(orders)

    async def _prepare(self, order: LocalOrder, now: datetime) -> LocalCertificate | None:
        request = request_of(order)
        if request is None:
            order.refused = ERASED
            return None
        draft, findings = await self._authority.draft(request)
        if draft is None or findings:
            order.refused, order.tell_at = " ".join(findings), now
            return None
        order.prepared_at = now
        return LocalCertificate(
            serial=serial_text(draft.serial_number),
            order_id=order.order_id,
            not_after=draft.not_valid_after_utc,
            tbs=draft.tbs_certificate_bytes,
            prepared_at=now,
        )

    async def _claim_untold(self) -> list[tuple[str, int]]:
        now = datetime.now(UTC)
        untold = (
            select(LocalOrder)
            .where(LocalOrder.told_at.is_(None), LocalOrder.tell_at <= now)
            .order_by(LocalOrder.tell_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as session:
            orders = (await session.scalars(untold)).all()
            for order in orders:
                order.tries += 1
                order.tell_at = now + HOOK_LEASE
        return [(order.order_id, order.tries) for order in orders]

    async def _tell(self, order_id: str, tries: int) -> None:
        now = datetime.now(UTC)
        if await self._call_hook(order_id):
            outcome = {"told_at": now}
        else:
            outcome = {"tell_at": now + timedelta(seconds=2 ** min(tries, LONGEST_WAIT_EXPONENT))}
        async with self._database.begin() as session:
            await session.execute(update(LocalOrder).where(LocalOrder.order_id == order_id).values(outcome))

    async def _call_hook(self, order_id: str) -> bool:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        try:
            answer = await self._client.post(self._hook, json={"order_id": order_id}, headers=headers)
        except httpx.HTTPError as error:
            _log.info("the hook cannot be reached", error=type(error).__name__)
            return False
        if not answer.is_success:
            _log.warning("the hook refused a call", status=answer.status_code)
        return answer.is_success
