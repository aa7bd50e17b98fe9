"""Where an enrolment stands, how it ended, and what was answered to a message."""

from enum import StrEnum, unique


@unique
class Applicant(StrEnum):
    """Who fills in the forms: the person the certificate names, or somebody for them."""

    PRINCIPAL = "principal"
    AGENT = "agent"


@unique
class Language(StrEnum):
    """The languages that everything a person sees exists in."""

    JA = "ja"
    EN = "en"


@unique
class Stage(StrEnum):
    """The stages of an enrolment, in order; the last five are ends."""

    REGISTERED = "registered"
    APPLYING = "applying"
    AWAITING_APPROVAL = "awaiting_approval"
    IN_REVIEW = "in_review"
    ISSUING = "issuing"
    INSTALLING = "installing"
    ISSUED = "issued"
    EXPIRED = "expired"
    REFUSED = "refused"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to an enrolment in this stage."""
        return self in _ENDS


_ENDS = frozenset({Stage.ISSUED, Stage.EXPIRED, Stage.REFUSED, Stage.REJECTED, Stage.WITHDRAWN})


@unique
class Outcome(StrEnum):
    """How an enrolment ended, in detail."""

    INSTALLED = "installed"
    REVOKED = "revoked"
    LINK_EXPIRED = "link_expired"
    APPLICATION_EXPIRED = "application_expired"
    APPROVAL_EXPIRED = "approval_expired"
    REFUSED_BY_PRINCIPAL = "refused_by_principal"
    REJECTED_BY_REVIEWER = "rejected_by_reviewer"
    TICKET_TAKEN = "ticket_taken"
    TICKET_UNKNOWN = "ticket_unknown"
    TICKET_USED = "ticket_used"
    TICKET_CANCELLED = "ticket_cancelled"
    TICKET_EXPIRED = "ticket_expired"
    WITHDRAWN_BY_APPLICANT = "withdrawn_by_applicant"
    ADDRESS_CORRECTED = "address_corrected"
    REPLACED = "replaced"
    CANCELLED_BY_OPERATOR = "cancelled_by_operator"
    GIVEN_UP = "given_up"


@unique
class Attention(StrEnum):
    """Why an enrolment asks for an operator."""

    MAIL_REFUSED = "mail_refused"
    CERTIFICATION_REQUEST_REFUSED = "certification_request_refused"
    CERTIFICATE_REFUSED = "certificate_refused"
    INSTALLATION_REFUSED = "installation_refused"
    REVIEW_OVERDUE = "review_overdue"


@unique
class Verdict(StrEnum):
    """What an enrolment answers to a message."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    TOO_LATE = "too_late"
    NOT_NOW = "not_now"
    CONTRARY = "contrary"


@unique
class ApprovalDecision(StrEnum):
    """What the principal decides about an agent's application."""

    APPROVE = "approve"
    RETURN = "return"
    REFUSE = "refuse"


@unique
class ReviewDecision(StrEnum):
    """What the registration authority decides about an application."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
