"""A certificate on record for `REFERENCE`'s enrolment."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from domain.stage import Outcome, Stage
from records.database import Database
from records.tables import Certificate
from records.vault import Vault
from settings import Settings
from tests.web.enrolling import REFERENCE, application, writer

SERIAL = "4b1c0de5a4f1b9a2d3e4f5a6b7c8d9e0"
TICKET = "14f75199c-82f4-419b-8041-5f8631cb488ep"
EMAIL = "taro.takahashi@example.jp"

Certify = Callable[..., Awaitable[None]]


def certifier(database: Database, vault: Vault, settings: Settings) -> Certify:
    """Put the certificate on record; `changes` are columns', other words change the enrolment."""

    async def certify(enrolment: dict[str, object] | None = None, **changes: object) -> None:
        now = datetime.now(UTC)
        write = writer(database, vault, settings)
        facts = {
            "outcome": Outcome.INSTALLED,
            "ordered": True,
            "application": application(),
            "serial": SERIAL,
        }
        await write(Stage.ISSUED, **(facts | (enrolment or {})))
        columns: dict[str, object] = {
            "serial": SERIAL,
            "reference": REFERENCE.text,
            "tenant": "leopalace",
            "not_before": now - timedelta(days=1),
            "not_after": now + timedelta(days=364),
            "fingerprint": b"",
            "sealed_certificate": b"",
            "stored_at": now - timedelta(days=1),
        }
        async with database.begin() as session:
            await session.merge(Certificate(**(columns | changes)))

    return certify
