"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE SCHEMA records")
    op.execute("CREATE SCHEMA local_ca")
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("subject", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("validity_years", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.String(), nullable=True),
        sa.Column("tell_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("orders_pkey")),
        schema="local_ca",
    )
    op.create_index(
        "orders_due_at_idx",
        "orders",
        ["due_at"],
        unique=False,
        schema="local_ca",
        postgresql_where=sa.text("prepared_at IS NULL"),
    )
    op.create_index(
        "orders_tell_at_idx",
        "orders",
        ["tell_at"],
        unique=False,
        schema="local_ca",
        postgresql_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("sequence", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("audit_entries_pkey")),
        sa.UniqueConstraint("key", name=op.f("audit_entries_key_key")),
        schema="records",
    )
    op.create_index(
        "audit_entries_reference_idx", "audit_entries", ["reference"], unique=False, schema="records"
    )
    op.create_table(
        "captchas",
        sa.Column("captcha_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("solved_form", sa.String(), nullable=True),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("captcha_id", name=op.f("captchas_pkey")),
        schema="records",
    )
    op.create_index("captchas_expires_at_idx", "captchas", ["expires_at"], unique=False, schema="records")
    op.create_table(
        "certificate_orders",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name=op.f("certificate_orders_pkey")),
        schema="records",
    )
    op.create_index(
        "certificate_orders_reference_idx",
        "certificate_orders",
        ["reference"],
        unique=False,
        schema="records",
    )
    op.create_table(
        "certificates",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_certificate", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("certificates_pkey")),
        schema="records",
    )
    op.create_index(
        "certificates_reference_idx", "certificates", ["reference"], unique=False, schema="records"
    )
    op.create_table(
        "data_keys",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master_key", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shredded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("data_keys_pkey")),
        sa.UniqueConstraint("reference", name=op.f("data_keys_reference_key")),
        schema="records",
    )
    op.create_table(
        "drafts",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("sealed_fields", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("drafts_pkey")),
        schema="records",
    )
    op.create_table(
        "enrolments",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("applicant", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attention", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("redeemed_generation", sa.Integer(), nullable=True),
        sa.Column("approval_round", sa.Integer(), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("email_digest", sa.LargeBinary(), nullable=True),
        sa.Column("principal_digest", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("enrolments_pkey")),
        schema="records",
    )
    op.create_index(
        "enrolments_attention_idx",
        "enrolments",
        ["attention"],
        unique=False,
        schema="records",
        postgresql_where=sa.text("attention IS NOT NULL"),
    )
    op.create_index(
        op.f("enrolments_email_digest_idx"), "enrolments", ["email_digest"], unique=False, schema="records"
    )
    op.create_index(
        op.f("enrolments_principal_digest_idx"),
        "enrolments",
        ["principal_digest"],
        unique=False,
        schema="records",
    )
    op.create_index(
        "enrolments_stage_idx", "enrolments", ["tenant", "stage", "since"], unique=False, schema="records"
    )
    op.create_table(
        "limit_uses",
        sa.Column("use_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("use_id", name=op.f("limit_uses_pkey")),
        schema="records",
    )
    op.create_index(
        "limit_uses_lookup_idx",
        "limit_uses",
        ["name", "key_digest", "used_at"],
        unique=False,
        schema="records",
    )
    op.create_index(op.f("limit_uses_used_at_idx"), "limit_uses", ["used_at"], unique=False, schema="records")
    op.create_table(
        "mailings",
        sa.Column("message_key", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("message_key", name=op.f("mailings_pkey")),
        schema="records",
    )
    op.create_index("mailings_reference_idx", "mailings", ["reference"], unique=False, schema="records")
    op.create_table(
        "seen_keys",
        sa.Column("spki_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("spki_sha256", name=op.f("seen_keys_pkey")),
        schema="records",
    )
    op.create_table(
        "ticket_orders",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("company_code", sa.String(), nullable=False),
        sa.Column("corporate_number", sa.String(), nullable=False),
        sa.Column("company_name", sa.String(), nullable=False),
        sa.Column("company_name_latin", sa.String(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("ticket_orders_pkey")),
        schema="records",
    )
    op.create_index(
        op.f("ticket_orders_company_code_idx"),
        "ticket_orders",
        ["company_code"],
        unique=False,
        schema="records",
    )
    op.create_table(
        "certificates",
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["local_ca.orders.order_id"], name=op.f("certificates_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("certificates_pkey")),
        sa.UniqueConstraint("order_id", name=op.f("certificates_order_id_key")),
        schema="local_ca",
    )
    op.create_index(
        "certificates_revoked_at_idx",
        "certificates",
        ["revoked_at"],
        unique=False,
        schema="local_ca",
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index(
        "certificates_unsigned_idx",
        "certificates",
        ["prepared_at"],
        unique=False,
        schema="local_ca",
        postgresql_where=sa.text("signed_at IS NULL"),
    )
    op.create_table(
        "tickets",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("reserved_by", sa.String(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["records.ticket_orders.order_id"], name=op.f("tickets_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("tickets_pkey")),
        schema="records",
    )
    op.create_index(op.f("tickets_order_id_idx"), "tickets", ["order_id"], unique=False, schema="records")
    op.create_index(
        "tickets_reserved_by_idx",
        "tickets",
        ["reserved_by"],
        unique=False,
        schema="records",
        postgresql_where=sa.text("reserved_by IS NOT NULL"),
    )
