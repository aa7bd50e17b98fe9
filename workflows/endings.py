"""How the story of an enrolment is broken off."""

from collections.abc import Sequence

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.stage import Attention, Outcome, Stage
    from records.audit import Fact


class Ended(Exception):
    """The enrolment ends here, other than with a certificate."""

    def __init__(self, stage: Stage, outcome: Outcome) -> None:
        """Say how."""
        super().__init__(outcome)
        self.stage, self.outcome = stage, outcome


class Refused(Exception):
    """A counterpart said no for good: an operator has to mend something first."""

    def __init__(
        self, attention: Attention, problem: str | None, findings: Sequence[str] = (), serial: str = ""
    ) -> None:
        """Say what asks for attention, and the problem's code.

        `findings`: the codes of what was found; `serial`: that of a certificate that was issued in vain.
        """
        super().__init__(attention)
        self.attention, self.problem = attention, problem
        self.facts: dict[str, Fact] = {"findings": " ".join(findings) or None, "serial": serial or None}
