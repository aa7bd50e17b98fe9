"""All that an enrolment knows of itself. Changed by its workflow only; everything here is plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.application import Application
from domain.stage import Applicant, Attention, Outcome, Stage, Verdict
from records.tickets import Organisation
from workflows.messages import CertificateRevoked, DecideApproval, DecideReview, EnrolmentStart, Withdraw


@dataclass
class Link:
    """The newest of the links of one kind that were mailed: its generation, and when its period began.

    `opened_at` is None until the mail server took the mail, or refused it for good: then it is `refused`.
    """

    generation: int = 0
    redeemed: int | None = None
    opened_at: datetime | None = None
    refused: bool = False
    reminded: int = 0

    def renew(self) -> None:
        """Begin a new generation, which makes the ones before invalid."""
        self.generation += 1
        self.opened_at = None
        self.refused = False
        self.reminded = 0


@dataclass
class State:
    """Where the enrolment stands."""

    start: EnrolmentStart
    since: datetime
    stage: Stage = Stage.REGISTERED
    link: Link = field(default_factory=lambda: Link(generation=1))
    approval_link: Link = field(default_factory=Link)
    organisation: Organisation | None = None
    redeemed_at: datetime | None = None
    application: Application | None = None
    submitted: bool = False
    approval: DecideApproval | None = None
    review: DecideReview | None = None
    return_reason: str | None = None
    returned_by: Literal["principal", "reviewer"] | None = None
    withdrawal: Withdraw | None = None
    attention: Attention | None = None
    problem: str | None = None
    resumed: bool = False
    given_up: bool = False
    revocation: CertificateRevoked | None = None
    credential_asked: bool = False
    credential_id: str | None = None
    order_round: int = 1
    ordered: bool = False
    ticket_consumed: bool = False
    revision: int = 0
    order_id: str | None = None
    issued: bool = False
    serial: str | None = None
    not_after: datetime | None = None
    outcome: Outcome | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def is_agents(self) -> bool:
        """Whether somebody applies for the principal."""
        return self.start.registration.applicant is Applicant.AGENT

    @property
    def parked(self) -> bool:
        """Whether the run waits for an operator to resume it or to give it up."""
        return self.attention not in {None, Attention.REVIEW_OVERDUE}

    @property
    def called_off(self) -> bool:
        """Whether it was withdrawn, an operator gave it up, or what was issued is revoked already."""
        return self.withdrawal is not None or self.given_up or self.revocation is not None

    @property
    def email(self) -> str:
        """The applicant's registered address."""
        return self.start.registration.email

    @property
    def until(self) -> datetime | None:
        """The moment after which the present stage expires; None while it has no deadline.

        A period that a mail opens starts when the mail server takes that mail: until then there is none.
        """
        periods = self.start.periods
        match self.stage:
            case Stage.REGISTERED:
                return self.link.opened_at and self.link.opened_at + periods.link
            case Stage.APPLYING if self.link.opened_at is not None:
                until = self.link.opened_at + periods.link
                return (
                    until if self.redeemed_at is None else max(until, self.redeemed_at + periods.application)
                )
            case Stage.AWAITING_APPROVAL:
                # Whose mail was refused was not asked; an operator has as long as any link lives.
                period = periods.link if self.approval_link.refused else periods.approval
                return self.approval_link.opened_at and self.approval_link.opened_at + period
            case _:
                return None

    def expired(self, at: datetime) -> bool:
        """Whether something that happened at a moment came after the present stage's deadline."""
        return self.until is not None and at > self.until
