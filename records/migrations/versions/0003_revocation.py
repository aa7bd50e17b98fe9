"""Revocation requests and the embedded CA's lists."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
