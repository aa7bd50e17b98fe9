"""What keeps writes of enrolments in order: the run that wrote and its count; whom a reservation was taken from."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.add_column("enrolments", sa.Column("run_id", sa.String(), nullable=True), schema="records")
    op.add_column(
        "enrolments",
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        schema="records",
    )
    op.add_column("tickets", sa.Column("taken_from", sa.String(), nullable=True), schema="records")
