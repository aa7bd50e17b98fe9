"""Enrolments written down as their workflows would, for what looks at all of them."""

from datetime import UTC, datetime

from domain.stage import Applicant, Language, Stage
from records import enrolments
from records.database import Database
from records.enrolments import Details, Previous, Standing
from records.vault import Vault

NOW = datetime.now(UTC)
KEY = bytes(32)


class Office:
    """Writes enrolments down."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take where to."""
        self._database = database
        self._vault = vault

    async def write(self, number: int, stage: Stage, **changes: object) -> Previous | None:
        """Write where the enrolment of a number stands."""
        standing: dict[str, object] = {
            "reference": f"{number:013d}",
            "tenant": "leopalace",
            "applicant": Applicant.PRINCIPAL,
            "language": Language.JA,
            "stage": stage,
            "since": NOW,
            "until": None,
            "attention": None,
            "outcome": None,
            "generation": 1,
            "redeemed_generation": None,
            "approval_round": 0,
            "ordered": False,
            "registered_at": NOW,
            "run_id": "run",
        }
        standing |= changes
        details = Details(email="taro.takahashi@example.jp", ticket_number="t")
        async with self._database.begin() as session:
            return await enrolments.write(
                session, self._vault, KEY, Standing.model_validate(standing), details
            )
