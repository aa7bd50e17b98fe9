"""Which mails an enrolment owes by what its audit trail says happened: worked out apart from the workflow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.evidence import Row
from tests.chaos.plan import Walk

_Letter = tuple[str, int, str]
"""Kind, number, and to whom."""


@dataclass(frozen=True)
class Letters:
    """Letters as `reference.kind.number.whose`: those that must come, and those that may."""

    owed: frozenset[str]
    allowed: frozenset[str]


def owed_by(walk: Walk, reference: str, entries: Sequence[Row]) -> Letters:
    """Read an enrolment's entries, in their order, for what its people had to be told.

    A link that was mailed is owed. One that no entry tells of is allowed: it was pressed and answered, or
    followed by a newer one, before it was known that the mail server had taken it.
    """
    reader = _Reader(walk)
    for entry in entries:
        reader.read(str(entry["action"]), entry["facts"])

    def named(letters: set[_Letter]) -> frozenset[str]:
        return frozenset(f"{reference}.{kind}.{number}.{whose}" for kind, number, whose in letters)

    return Letters(named(reader.owed), named(reader.links()))


@dataclass
class _Reader:
    """Follows an enrolment: which generation of the applicant's link it is at, which round of approval."""

    walk: Walk
    generation: int = 1
    round: int = 0
    stage: str = ""
    owed: set[_Letter] = field(default_factory=set)

    def read(self, action: str, facts: dict[str, Any]) -> None:
        """Read one entry."""
        accepted = facts.get("verdict") == "accepted"
        match action:
            case "link_mailed":
                whose = "principal" if facts["kind"] == "approval_request" else self.walk.applicant
                self.owed.add((facts["kind"], facts["generation"], whose))
            case "resend_link" if accepted and self.stage == "awaiting_approval":
                self.round += 1
            case "resend_link" if accepted:
                self.generation += 1
            case "decide_approval" | "decide_review" if accepted:
                self._decided(action, facts["decision"])
        if action.startswith("stage_"):
            self._entered(action.removeprefix("stage_"))

    def links(self) -> set[_Letter]:
        """Every link there has been, so far."""
        kinds = ("application_link", "application_returned")
        own = {(kind, number + 1, self.walk.applicant) for kind in kinds for number in range(self.generation)}
        return own | {("approval_request", number + 1, "principal") for number in range(self.round)}

    def _decided(self, action: str, decision: str) -> None:
        if decision == "return":
            self.generation += 1
            if self.walk.applicant == "agent":
                self.owed.add(("application_returned", self.round, "principal"))
        elif action == "decide_approval" and decision == "approve":
            self.owed |= {("approval_given", self.round, reader) for reader in ("agent", "principal")}

    def _entered(self, stage: str) -> None:
        self.stage = stage
        match stage:
            case "awaiting_approval":
                self.round += 1
            case "in_review" if self.walk.tenant == "contracthub" and self.walk.applicant == "principal":
                self.owed.add(("application_received", self.generation, "principal"))
            case "issued":
                self._tell_everybody("issued")
            case "refused":
                self._tell_everybody("approval_refused")

    def _tell_everybody(self, kind: str) -> None:
        self.owed |= {(kind, 1, "principal"), (kind, 1, self.walk.applicant)}
