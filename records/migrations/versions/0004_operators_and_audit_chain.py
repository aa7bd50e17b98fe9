"""Operators, their sessions, and the audit trail's chain."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
