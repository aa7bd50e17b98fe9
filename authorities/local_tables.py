"""The embedded CA's books, schema `local_ca`: orders, and the certificates signed for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from records.tables import Base

SCHEMA = "local_ca"


class LocalOrder(Base):
    """An order, from its acceptance until its client knows how it ended.

    `subject` and `public_key` are empty once the person is erased. `prepared_at` is set with the contents
    that will be signed, `refused` with findings if there never will be any; `tell_at` is when the client is
    to be told next.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_due_at_idx", "due_at", postgresql_where=text("prepared_at IS NULL")),
        Index("orders_tell_at_idx", "tell_at", postgresql_where=text("told_at IS NULL")),
        {"schema": SCHEMA},
    )

    order_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[dict[str, Any] | None]
    public_key: Mapped[bytes | None]
    validity_years: Mapped[int]
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    prepared_at: Mapped[datetime | None]
    refused: Mapped[str | None]
    tell_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class LocalCertificate(Base):
    """A certificate; `tbs`, what is signed, is stored before it is. `serial` in lower-case hexadecimal."""

    __tablename__ = "certificates"
    __table_args__ = (
        Index("certificates_unsigned_idx", "prepared_at", postgresql_where=text("signed_at IS NULL")),
        Index("certificates_revoked_at_idx", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
        {"schema": SCHEMA},
    )

    serial: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey(LocalOrder.order_id), unique=True)
    not_after: Mapped[datetime]
    tbs: Mapped[bytes | None]
    prepared_at: Mapped[datetime]
    certificate: Mapped[bytes | None]
    signed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]


class LocalRevocationList(Base):
    """A CRL as it was signed; `revocations` is how many certificates were revoked when it was.

    Its number is the CRL number (RFC 5280, section 5.2.3): it only grows, whichever process signs.
    """

    __tablename__ = "revocation_lists"
    __table_args__ = {"schema": SCHEMA}

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    issuer_key: Mapped[bytes]
    revocations: Mapped[int]
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    der: Mapped[bytes]
