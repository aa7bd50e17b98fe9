"""Where workflow code runs: the SDK's sandbox, with what is ours and deterministic loaded once."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

OURS = ("domain", "mailing", "records", "activities", "authorities", "settings")
"""Passed through: for a module of its own, each run would spend memory and time on loading it."""


def sandbox() -> SandboxedWorkflowRunner:
    """Give the runner that every worker uses."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*OURS))
