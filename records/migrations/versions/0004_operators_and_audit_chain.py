"""Operators, their sessions, and the audit trail's chain."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# At the end of a transaction with entries the chain grows by them, one transaction after the other. It waits
# for its turn only here, when every row that the transaction needs is its own: nobody can wait for each other.
CHAIN = """
CREATE FUNCTION records.chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest records.audit_chain%ROWTYPE;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('jcan-audit-chain'));
    SELECT * INTO newest FROM records.audit_chain ORDER BY position DESC LIMIT 1;
    INSERT INTO records.audit_chain (position, sequence, hash) VALUES (
        coalesce(newest.position, 0) + 1,
        NEW.sequence,
        sha256(coalesce(newest.hash, ''::bytea) || NEW.digest)
    );
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON records.audit_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION records.chain_audit_entry();
"""
APPEND_ONLY = """
CREATE FUNCTION records.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
"""
GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON records.{table}
    FOR EACH ROW EXECUTE FUNCTION records.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON records.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION records.refuse_change();
"""


def upgrade() -> None:
    """Apply."""
    _operators()
    op.create_table(
        "audit_chain",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("audit_chain_pkey")),
        sa.ForeignKeyConstraint(
            ["sequence"], ["records.audit_entries.sequence"], name=op.f("audit_chain_sequence_fkey")
        ),
        sa.UniqueConstraint("sequence", name=op.f("audit_chain_sequence_key")),
        schema="records",
    )
    op.add_column("audit_entries", sa.Column("digest", sa.LargeBinary(), nullable=True), schema="records")
    _chain_what_is_there()
    op.alter_column("audit_entries", "digest", nullable=False, schema="records")
    op.execute(CHAIN)
    op.execute(APPEND_ONLY)
    for table in ("audit_entries", "audit_chain"):
        op.execute(GUARD.format(table=table))


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("api_key_digest", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("username", name=op.f("operators_pkey")),
        sa.UniqueConstraint("api_key_digest", name=op.f("operators_api_key_digest_key")),
        schema="records",
    )
    op.create_table(
        "operator_sessions",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("operator_sessions_pkey")),
        sa.ForeignKeyConstraint(
            ["username"], ["records.operators.username"], name=op.f("operator_sessions_username_fkey")
        ),
        schema="records",
    )
    op.create_index("operator_sessions_username_idx", "operator_sessions", ["username"], schema="records")
    op.create_index("operator_sessions_ends_at_idx", "operator_sessions", ["ends_at"], schema="records")


def _chain_what_is_there() -> None:
    """Chain the entries of a trail that was kept before there was a chain, in the order of writing."""
    import hashlib

    from records.audit import Entry, digest_of

    connection = op.get_bind()
    entries = sa.table(
        "audit_entries",
        *(
            sa.column(name)
            for name in ("sequence", "key", "at", "actor", "action", "reference", "tenant", "facts", "digest")
        ),
        schema="records",
    )
    chain = sa.table(
        "audit_chain", sa.column("position"), sa.column("sequence"), sa.column("hash"), schema="records"
    )
    newest = b""
    rows = connection.execute(sa.select(entries).order_by(entries.c.sequence)).mappings().all()
    for position, row in enumerate(rows, 1):
        digest = digest_of(
            Entry.model_validate({k: v for k, v in row.items() if k not in {"sequence", "digest"}})
        )
        newest = hashlib.sha256(newest + digest).digest()
        connection.execute(
            sa.update(entries).where(entries.c.sequence == row["sequence"]).values(digest=digest)
        )
        connection.execute(sa.insert(chain).values(position=position, sequence=row["sequence"], hash=newest))
