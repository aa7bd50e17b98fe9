"""All that a certificate's run knows of itself, and the verdict on each message, given where it stands."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.revocation import CertificateStage, RevocationReason
    from domain.stage import Verdict
    from records.certificates import CertificateStanding
    from workflows.messages import (
        CertificateStart,
        CertificateStatus,
        Message,
        Renewed,
        RequestRevocation,
        Revoke,
    )
    from workflows.state import Link

REMINDERS = (timedelta(days=30), timedelta(days=20), timedelta(days=10))
"""How long before the end the subscriber is reminded."""


@dataclass
class Life:
    """Where the certificate stands. Changed by its workflow only; everything here is plain data."""

    start: CertificateStart
    since: datetime
    stage: CertificateStage = CertificateStage.VALID
    link: Link = field(default_factory=Link)
    asked: RequestRevocation | None = None
    reminded: int = 0
    renewed_by: str | None = None
    revocation: Revoke | None = None
    reason: RevocationReason | None = None
    revoked_at: datetime | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def link_until(self) -> datetime | None:
        """When the newest link to the revocation ends; it begins when the mail server takes its mail."""
        return self.link.opened_at and self.link.opened_at + self.start.link_period

    def reminders_due(self, now: datetime) -> int:
        """Tell how many of the reminders should have gone out by now."""
        return sum(self.start.not_after - ahead <= now for ahead in REMINDERS)

    def next_moment(self, now: datetime) -> datetime:
        """Give when there is something to do next: a reminder, or the end."""
        end = self.start.not_after
        return min((end - ahead for ahead in REMINDERS if end - ahead > now), default=end)

    def standing(self) -> CertificateStanding:
        """Give what is written down for others to read."""
        return CertificateStanding(
            serial=self.start.serial,
            generation=self.link.generation,
            link_until=self.link_until,
            requested_reason=self.asked and self.asked.reason,
            renewed_by=self.renewed_by,
        )

    def answer(self, verdict: Verdict | None) -> CertificateStatus:
        """Give the answer to the query `status`."""
        return CertificateStatus(
            verdict=verdict,
            stage=self.stage,
            since=self.since,
            not_after=self.start.not_after,
            generation=self.link.generation,
            link_until=self.link_until,
            reason=self.reason or (self.revocation and self.revocation.reason),
            renewed_by=self.renewed_by,
            reminded=self.reminded,
        )

    def verdict_on(self, message: Message, at: datetime) -> Verdict:
        """Give the verdict on a message that the front received at a moment. Nothing is changed here."""
        if self.revocation is not None:
            return Verdict.REPEATED if isinstance(message, Revoke) else Verdict.TOO_LATE
        if self.stage.ended or at > self.start.not_after:
            return Verdict.TOO_LATE
        match message:
            case Revoke(generation=int()):
                return self._verdict_on_link(message, at)
            case Renewed() if self.renewed_by is not None:
                return Verdict.REPEATED
            case _:
                return Verdict.ACCEPTED

    def _verdict_on_link(self, message: Revoke, at: datetime) -> Verdict:
        until = self.link_until
        good = message.generation == self.link.generation and (until is None or at <= until)
        return Verdict.ACCEPTED if good else Verdict.TOO_LATE
