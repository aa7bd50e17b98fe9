"""What is to be said, to whom; and what became of it."""

from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from domain.email import EmailAddress
from domain.link_token import Purpose
from domain.revocation import RevocationReason
from domain.stage import Applicant, Language


@unique
class LetterKind(StrEnum):
    """Every message there is; the value is the folder of its templates."""

    APPLICATION_LINK = "application_link"
    STATUS_LINK = "status_link"
    APPLICATION_RETURNED = "application_returned"
    APPROVAL_REQUEST = "approval_request"
    APPROVAL_REMINDER = "approval_reminder"
    APPROVAL_GIVEN = "approval_given"
    APPROVAL_REFUSED = "approval_refused"
    APPLICATION_RECEIVED = "application_received"
    ISSUED = "issued"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    GIVEN_UP = "given_up"
    TICKET_TAKEN = "ticket_taken"
    CONTRARY_DECISION = "contrary_decision"
    EXPIRY_REMINDER = "expiry_reminder"
    REVOCATION_LINK = "revocation_link"
    REVOKED = "revoked"

    @property
    def purpose(self) -> Purpose:
        """What the link in such a letter is for; the status page unless it asks for something."""
        return _PURPOSES.get(self, Purpose.STATUS)

    @property
    def bilingual(self) -> bool:
        """Whether it goes to somebody whose language nobody has told us."""
        return self.purpose is Purpose.APPROVAL


_PURPOSES = {
    LetterKind.APPLICATION_LINK: Purpose.APPLICATION,
    LetterKind.APPLICATION_RETURNED: Purpose.APPLICATION,
    LetterKind.APPROVAL_REQUEST: Purpose.APPROVAL,
    LetterKind.APPROVAL_REMINDER: Purpose.APPROVAL,
    LetterKind.EXPIRY_REMINDER: Purpose.RENEWAL,
    LetterKind.REVOCATION_LINK: Purpose.REVOCATION,
}

_POINTLESS_WITHOUT_LINK = frozenset(
    {
        LetterKind.APPLICATION_LINK,
        LetterKind.STATUS_LINK,
        LetterKind.APPROVAL_REQUEST,
        LetterKind.APPROVAL_REMINDER,
        LetterKind.EXPIRY_REMINDER,
        LetterKind.REVOCATION_LINK,
    }
)


class Letter(BaseModel):
    """One letter owed to one person.

    `reference`, `kind`, `number` (the link's generation or the round) and `recipient` identify it: the same
    four are the same letter, sent once. `generation` is that of the link in it; None: no link. An
    APPLICATION_RETURNED without link is the notice for whoever is not going to correct the application.
    `period` is how long that link lives. `until` is a deadline in UTC, where it is known before the letter is
    sent. `subject_facts` are Subject's
    fields, `common_name` and `validity_years`, as far as the reader should see them.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    tenant: str
    language: Language
    kind: LetterKind
    number: int
    to: EmailAddress
    recipient: Applicant | None = None
    ticket_number: str | None = None
    applicant: Applicant | None = None
    principal_name: str | None = None
    agent_name: str | None = None
    agent_company: str | None = None
    reason: str | None = None
    decided_by: Literal["principal", "lra"] | None = None
    ticket_used: bool = False
    generation: int | None = None
    period: timedelta | None = None
    until: datetime | None = None
    serial: str | None = None
    not_after: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: RevocationReason | None = None
    subject_facts: dict[str, str] | None = None

    @model_validator(mode="after")
    def _has_its_link(self) -> Self:
        if self.generation is None and self.kind in _POINTLESS_WITHOUT_LINK:
            raise ValueError("this letter has a link, so it needs the link's generation")
        return self

    @property
    def reader(self) -> Applicant:
        """Who reads it: the recipient, or else whom such a letter is for."""
        if self.recipient is not None:
            return self.recipient
        if self.kind.bilingual or self.applicant is None:
            return Applicant.PRINCIPAL
        return self.applicant

    @property
    def reader_applies(self) -> bool:
        """Whether the reader is the one who filled in the forms, and could do so again."""
        return self.applicant is None or self.reader is self.applicant

    @property
    def key(self) -> str:
        """The letter's identity, without personal data; the same for every attempt to send it."""
        return f"{self.reference}.{self.kind}.{self.number}.{self.reader}"


class Posted(BaseModel):
    """When the mail server accepted the letter (UTC), or the code with which it refused it for good."""

    model_config = ConfigDict(frozen=True)

    accepted_at: datetime | None = None
    refusal: str | None = None
