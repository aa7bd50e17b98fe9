"""What goes in and out of the API, as its OpenAPI document tells it."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from domain.email import ADDRESS_MAXIMUM, EmailAddress
from domain.stage import Applicant, ApprovalDecision, Outcome, Stage

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

# Everything but control characters, and something that can be seen.
_CLEAN = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_REASON = rf"^{_CLEAN}*[^\x00-\x20\x7f\u3000]{_CLEAN}*$"
_PRINTABLE = r"^[!-~]+$"


def _rfc3339(value: object) -> object:
    """Only what RFC 3339 writes: pydantic takes numbers of seconds, too."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("expected a date and time with its offset, as RFC 3339 writes it")
    return value


Moment = Annotated[
    AwareDatetime, BeforeValidator(_rfc3339), WithJsonSchema({"type": "string", "format": "date-time"})
]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=_REASON)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class PrincipalLink(_Body):
    """A link for the person whom the certificate will name. With `email` the address is filled in, fixed."""

    model_config = _examples({"applicant": "principal", "email": "taro.takahashi@example.jp"})

    applicant: Literal["principal"]
    email: (
        Annotated[
            EmailAddress,
            Field(max_length=ADDRESS_MAXIMUM),
            WithJsonSchema({"type": "string", "format": "email", "maxLength": ADDRESS_MAXIMUM}),
        ]
        | None
    ) = None


class AgentLink(_Body):
    """A link for somebody who applies for others; it takes no `email`."""

    model_config = _examples({"applicant": "agent"})

    applicant: Literal["agent"]
    email: None = None


WantedLink = Annotated[PrincipalLink | AgentLink, Field(discriminator="applicant")]


class LaunchLink(BaseModel):
    """Where to send the person: good for any number of openings until `expires_at`."""

    model_config = _examples(
        {
            "url": "https://ra.example.jp/leopalace/launch?link=gAAAAABp…",
            "expires_at": "2026-11-24T01:15:00Z",
        }
    )

    url: str
    expires_at: datetime


class EnrolmentShown(BaseModel):
    """Where an enrolment stands.

    `until` is when the present stage ends by itself, if it does; `outcome` says in detail how it ended;
    `serial` is that of the certificate, in hexadecimal, once there is one.
    """

    model_config = _examples(
        {
            "reference": "04HMASW9NF6YF",
            "applicant": "agent",
            "stage": "awaiting_approval",
            "outcome": None,
            "registered_at": "2026-11-24T00:58:12Z",
            "since": "2026-11-24T01:10:45Z",
            "until": "2026-12-08T01:10:46Z",
            "serial": None,
        }
    )

    reference: str
    applicant: Applicant
    stage: Stage
    outcome: Outcome | None
    registered_at: datetime
    since: datetime
    until: datetime | None
    serial: str | None


class EnrolmentRead(EnrolmentShown):
    """Where an enrolment stands, and whom to ask.

    `principal_email` is there only while the principal's approval is awaited: the address that they were
    written to. At every other time it is null.
    """

    principal_email: str | None


class EnrolmentPage(BaseModel):
    """Enrolments in the order of their registration; `next_cursor` is null on the last page."""

    enrolments: list[EnrolmentShown]
    next_cursor: str | None


class _Decision(_Body):
    decided_by: Annotated[
        Identifier, Field(description="Who decided, by a name of yours that tells nobody else who it is.")
    ]


class Approve(_Decision):
    """The principal approves. The evidence's id goes into the audit trail and is shown to the reviewer."""

    model_config = _examples(
        {
            "decision": "approve",
            "decided_by": "user-48213",
            "obligations_accepted_at": "2026-11-24T01:12:30Z",
            "evidence": "consent-2026-000123",
        }
    )

    decision: Literal["approve"]
    obligations_accepted_at: Annotated[
        Moment, Field(description="When the principal accepted the subscriber's obligations with you.")
    ]
    evidence: Annotated[Identifier, Field(description="Under which id you keep the proof of that.")]
    reason: Reason | None = None


class TurnDown(_Decision):
    """The principal sends the application back to the agent, or refuses it for good.

    The agent reads the reason.
    """

    model_config = _examples(
        {"decision": "return", "decided_by": "user-48213", "reason": "姓の漢字が誤っています。"}
    )

    decision: Literal["return", "refuse"]
    reason: Reason
    obligations_accepted_at: Moment | None = None
    evidence: Identifier | None = None


Decision = Annotated[Approve | TurnDown, Field(discriminator="decision")]


class DecisionTaken(BaseModel):
    """What became of the decision.

    `accepted`; `repeated`: so it had been decided before; `received`: it is kept, and counts as soon as the
    registration authority's worker is back.
    """

    model_config = _examples({"reference": "04HMASW9NF6YF", "verdict": "accepted", "stage": "in_review"})

    reference: str
    verdict: Literal["accepted", "repeated", "received"]
    stage: Stage | None


def approval_decision(decision: Approve | TurnDown) -> ApprovalDecision:
    """The decision by its name in the vocabulary."""
    return ApprovalDecision(decision.decision)
