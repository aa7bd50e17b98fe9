"""Operators whose password was made for them choose their own at the next sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "operators",
        sa.Column("must_change", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema="records",
    )
