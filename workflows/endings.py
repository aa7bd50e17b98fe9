"""How the story of an enrolment is broken off."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.stage import Attention, Outcome, Stage


class Ended(Exception):
    """The enrolment ends here, other than with a certificate."""

    def __init__(self, stage: Stage, outcome: Outcome) -> None:
        """Say how."""
        super().__init__(outcome)
        self.stage, self.outcome = stage, outcome


class Refused(Exception):
    """A counterpart said no for good: an operator has to mend something first."""

    def __init__(self, attention: Attention, problem: str | None) -> None:
        """Say what asks for attention, and the problem's code."""
        super().__init__(attention)
        self.attention, self.problem = attention, problem
