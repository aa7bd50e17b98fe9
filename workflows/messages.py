"""What the world tells a workflow, and what it answers.

Runs live for weeks: fields are only ever added, with a default.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.application import Application
from domain.email import EmailAddress
from domain.registration import Registration
from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Applicant, ApprovalDecision, Language, Outcome, ReviewDecision, Stage, Verdict

LinkPurpose = Literal["application", "approval", "status"]

_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Periods(_Frozen):
    """How long each thing may take; fixed when the enrolment starts."""

    link: timedelta
    application: timedelta
    approval: timedelta
    review_patience: timedelta
    retention: timedelta = timedelta(days=90)


class EnrolmentStart(_Frozen):
    """With what an enrolment starts: the registration, and the tenant's rules at that moment."""

    reference: str
    tenant: str
    registration: Registration
    language: Language
    received_at: AwareDatetime
    review: Literal["auto", "operator"]
    periods: Periods
    launched: bool = False
    renews: str | None = None


class EnrolmentEnd(_Frozen):
    """How an enrolment ended."""

    stage: Stage
    outcome: Outcome
    serial: str | None = None


class Message(_Frozen):
    """What every message carries: `message_id`, the same when it is sent again, and when the front got it.

    Both may be left out by an operator who sends the signal by hand: it then counts as sent once, on arrival.
    """

    message_id: str | None = Field(default=None, min_length=1, max_length=64)
    received_at: AwareDatetime | None = None

    @property
    def action(self) -> str:
        """Its name on the audit trail, which is its signal's: a DecideReview is `decide_review`."""
        return _BETWEEN_WORDS.sub("_", type(self).__name__).lower()


class RedeemLink(Message):
    """Somebody pressed the button behind a mailed link. `generation` is the link's."""

    generation: int
    purpose: LinkPurpose = "application"


class ResendLink(Message):
    """Somebody asks for a new link; it goes only to the address on record. None: the stage's own link."""

    purpose: LinkPurpose | None = None


class SubmitApplication(Message):
    """The filled-in application form."""

    application: Application


class Withdraw(Message):
    """The enrolment is not wanted any more."""

    by: Literal["applicant", "operator", "temporal", "newer_registration"] = "applicant"
    cause: Literal["request", "address_corrected", "replaced", "cancelled"] = "request"


class DecideApproval(Message):
    """The principal's decision on an agent's application; `round` is that of the link it came through.

    An approval by API carries when the obligations were accepted there, and an evidence id.
    """

    decision: ApprovalDecision
    reason: str | None = None
    decided_by: str = "principal"
    round: int | None = None
    via: Literal["link", "api"] = "link"
    obligations_accepted_at: AwareDatetime | None = None
    evidence: str | None = None


class DecideReview(Message):
    """The registration authority's decision."""

    decision: ReviewDecision
    reason: str | None = None
    decided_by: str = "operator"


class CorrectPrincipal(Message):
    """The principal's address was wrong."""

    email: EmailAddress


class CertificateIssued(Message):
    """The CA says that the certificate of an order can be fetched."""

    order_id: str


class Resume(Message):
    """An operator has mended what parked the run."""

    decided_by: str = "operator"


class GiveUp(Message):
    """An operator ends a parked run."""

    decided_by: str = "operator"


class CertificateRevoked(Message):
    """From the certificate's own run: it is being revoked, so there is nothing to install any more."""

    serial: str
    reason: RevocationReason = RevocationReason.UNSPECIFIED


class StatusAnswer(_Frozen):
    """Where an enrolment stands, and the verdict on the message that was asked about."""

    verdict: Verdict | None
    stage: Stage
    outcome: Outcome | None
    since: datetime
    until: datetime | None
    applicant: Applicant
    generation: int
    redeemed_generation: int | None
    approval_round: int
    ordered: bool


class CertificateStart(_Frozen):
    """With what a certificate's life starts: which one, whom it names, and who applied for it.

    `serial` in lower-case hexadecimal; `email` is the applicant's registered address, `link_period` how long
    a mailed link to the revocation is good. Of a life that is begun anew: `generation` is the newest of these
    links that there was before, `renewed_by` the successor.
    """

    serial: str
    reference: str
    tenant: str
    not_after: AwareDatetime
    language: Language = Language.JA
    applicant: Applicant = Applicant.PRINCIPAL
    email: EmailAddress | None = None
    ticket_number: str | None = None
    application: Application | None = None
    credential_id: str | None = None
    link_period: timedelta = timedelta(days=3)
    generation: int = 0
    renewed_by: str | None = None


class CertificateEnd(_Frozen):
    """How a certificate's life ended."""

    stage: CertificateStage
    reason: RevocationReason | None = None


class RequestRevocation(Message):
    """Somebody who knows the certificate asks for its revocation: its address gets a link to confirm that."""

    reason: RevocationReason = RevocationReason.UNSPECIFIED
    language: Language | None = None


class Revoke(Message):
    """The certificate is to be revoked. `generation` is that of the mailed link, if it came through one."""

    reason: RevocationReason = RevocationReason.UNSPECIFIED
    by: str = "operator"
    generation: int | None = None


class Renewed(Message):
    """The same person has another certificate for the same organisation now; `serial` is that one's."""

    serial: str


class CertificateStatus(_Frozen):
    """Where a certificate stands, and the verdict on the message that was asked about."""

    verdict: Verdict | None
    stage: CertificateStage
    since: datetime
    not_after: datetime
    generation: int
    link_until: datetime | None
    reason: RevocationReason | None
    renewed_by: str | None
    reminded: int
