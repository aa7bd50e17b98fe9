"""API keys, and the events told to the e-contract services."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
