"""Revocation requests and the embedded CA's lists."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "certificates",
        sa.Column("revocation_generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="records",
    )
    op.add_column("certificates", sa.Column("revocation_until", sa.DateTime(timezone=True)), schema="records")
    op.add_column("certificates", sa.Column("requested_reason", sa.String()), schema="records")
    op.add_column("certificates", sa.Column("renewed_by", sa.String()), schema="records")
    op.create_table(
        "revocation_lists",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issuer_key", sa.LargeBinary(), nullable=False),
        sa.Column("revocations", sa.Integer(), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("revocation_lists_pkey")),
        schema="local_ca",
    )
