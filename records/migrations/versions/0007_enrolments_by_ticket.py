"""Enrolments are found by their ticket, also when they have ended and the ticket is somebody else's."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply. Rows get their digest when they are written the next time."""
    op.add_column("enrolments", sa.Column("ticket_digest", sa.LargeBinary(), nullable=True), schema="records")
    op.create_index(op.f("enrolments_ticket_digest_idx"), "enrolments", ["ticket_digest"], schema="records")
