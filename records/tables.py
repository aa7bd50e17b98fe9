"""What is kept in PostgreSQL, schema `records`.

Columns named `sealed…` hold ciphertext under the enrolment's own data key (`records.vault`); without that
key, once it is shredded, they mean nothing. Digests of addresses and tickets are keyed (HMAC), so that they
find but do not tell.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "records"


class Base(DeclarativeBase):
    """The one registry of tables; connectors with tables of their own join it for the migrations."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), bytes: LargeBinary, dict[str, Any]: JSONB}


class TicketOrder(Base):
    """An order of prepaid tickets for one organisation, verified by the operator who entered it."""

    __tablename__ = "ticket_orders"
    __table_args__ = {"schema": SCHEMA}

    order_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    company_code: Mapped[str] = mapped_column(index=True)
    corporate_number: Mapped[str]
    company_name: Mapped[str]
    company_name_latin: Mapped[str]
    expires_on: Mapped[date]
    ordered_at: Mapped[datetime]


class Ticket(Base):
    """One prepaid ticket. Free unless one of `reserved_by`, `consumed_at`, `cancelled_at` is set.

    `taken_from` is who held it before, if the reservation was taken over.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index("tickets_reserved_by_idx", "reserved_by", postgresql_where=text("reserved_by IS NOT NULL")),
        {"schema": SCHEMA},
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(TicketOrder.order_id), index=True)
    reserved_by: Mapped[str | None]
    reserved_at: Mapped[datetime | None]
    consumed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    taken_from: Mapped[str | None]


class EnrolmentRow(Base):
    """The read model of one enrolment: where it stands. Nothing decides by it."""

    __tablename__ = "enrolments"
    __table_args__ = (
        Index("enrolments_stage_idx", "tenant", "stage", "since"),
        Index("enrolments_registered_idx", "tenant", "registered_at", "reference"),
        Index("enrolments_attention_idx", "attention", postgresql_where=text("attention IS NOT NULL")),
        {"schema": SCHEMA},
    )

    reference: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    applicant: Mapped[str]
    language: Mapped[str]
    stage: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    attention: Mapped[str | None]
    outcome: Mapped[str | None]
    generation: Mapped[int]
    redeemed_generation: Mapped[int | None]
    approval_round: Mapped[int]
    ordered: Mapped[bool]
    email_digest: Mapped[bytes | None] = mapped_column(index=True)
    principal_digest: Mapped[bytes | None] = mapped_column(index=True)
    ticket_digest: Mapped[bytes | None] = mapped_column(index=True)
    sealed_details: Mapped[bytes | None]
    registered_at: Mapped[datetime]
    run_id: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default=text("0"))


class DataKey(Base):
    """An enrolment's data key, wrapped by the master key. Without `wrapped` the person is erased for good."""

    __tablename__ = "data_keys"
    __table_args__ = {"schema": SCHEMA}

    key_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    wrapped: Mapped[bytes | None]
    master_key: Mapped[int]
    created_at: Mapped[datetime]
    shredded_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what, when, to which enrolment; append-only, without personal data.

    `digest` is that of the entry's content, see `records.audit.digest_of`.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("audit_entries_reference_idx", "reference"), {"schema": SCHEMA})

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    reference: Mapped[str | None]
    tenant: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    digest: Mapped[bytes]


class AuditLink(Base):
    """The audit trail's chain: SHA-256 over the hash before and the entry's digest, in the order of commit.

    The database itself appends to it when a transaction with an entry is committed: see migration 0004.
    """

    __tablename__ = "audit_chain"
    __table_args__ = {"schema": SCHEMA}

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(ForeignKey(AuditEntry.sequence), unique=True)
    hash: Mapped[bytes]


class Mailing(Base):
    """One message owed to somebody; `message_key` is (reference, kind, number, reader)."""

    __tablename__ = "mailings"
    __table_args__ = (Index("mailings_reference_idx", "reference"), {"schema": SCHEMA})

    message_key: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    kind: Mapped[str]
    number: Mapped[int]
    message_id: Mapped[str]
    attempted_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


class Draft(Base):
    """What an applicant has typed so far."""

    __tablename__ = "drafts"
    __table_args__ = {"schema": SCHEMA}

    reference: Mapped[str] = mapped_column(primary_key=True)
    sealed_fields: Mapped[bytes]
    saved_at: Mapped[datetime]


class Captcha(Base):
    """One picture with letters to copy."""

    __tablename__ = "captchas"
    __table_args__ = (Index("captchas_expires_at_idx", "expires_at"), {"schema": SCHEMA})

    captcha_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sealed_answer: Mapped[bytes]
    expires_at: Mapped[datetime]
    tries: Mapped[int]
    solved_form: Mapped[str | None]
    solved_at: Mapped[datetime | None]


class LimitUse(Base):
    """One use of something limited in rate; the key is a keyed digest."""

    __tablename__ = "limit_uses"
    __table_args__ = (Index("limit_uses_lookup_idx", "name", "key_digest", "used_at"), {"schema": SCHEMA})

    use_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    key_digest: Mapped[bytes]
    used_at: Mapped[datetime] = mapped_column(index=True)


class ApiKey(Base):
    """A key with which a tenant's e-contract service calls our API; itself it is stored nowhere."""

    __tablename__ = "api_keys"
    __table_args__ = {"schema": SCHEMA}

    key_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class CertificateOrder(Base):
    """An order to a CA, stored before it is sent."""

    __tablename__ = "certificate_orders"
    __table_args__ = (Index("certificate_orders_reference_idx", "reference"), {"schema": SCHEMA})

    order_id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    round: Mapped[int]
    tenant: Mapped[str]
    connector: Mapped[str]
    requested_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class SeenKey(Base):
    """A public key that was presented for certification; it may be presented for one order only."""

    __tablename__ = "seen_keys"
    __table_args__ = {"schema": SCHEMA}

    spki_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    reference: Mapped[str]
    round: Mapped[int]
    seen_at: Mapped[datetime]


class Certificate(Base):
    """A certificate that the CA issued; `serial` in lower-case hexadecimal.

    `revocation_generation` is the newest mailed link to its revocation, `revocation_until` that link's end,
    `requested_reason` what was chosen when it was asked for. `renewed_by` is the serial of its successor.
    """

    __tablename__ = "certificates"
    __table_args__ = (Index("certificates_reference_idx", "reference"), {"schema": SCHEMA})

    serial: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    tenant: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    fingerprint: Mapped[bytes]
    sealed_certificate: Mapped[bytes]
    stored_at: Mapped[datetime]
    installed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]
    revocation_generation: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    revocation_until: Mapped[datetime | None]
    requested_reason: Mapped[str | None]
    renewed_by: Mapped[str | None]
