"""Who works at the registration authority, and who of them is signed in, in schema `records`."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from records.tables import SCHEMA, Base


class OperatorRow(Base):
    """One operator. `tenant` limits a reviewer to one service owner's applications; None: all of them.

    `must_change`: the password is one that was made for them, good for choosing their own.
    """

    __tablename__ = "operators"
    __table_args__ = {"schema": SCHEMA}

    username: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    password_hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(server_default=false())
    api_key_digest: Mapped[bytes | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class OperatorSessionRow(Base):
    """One signed-in browser; only the digest of its token is kept."""

    __tablename__ = "operator_sessions"
    __table_args__ = (
        Index("operator_sessions_ends_at_idx", "ends_at"),
        Index("operator_sessions_username_idx", "username"),
        {"schema": SCHEMA},
    )

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey(OperatorRow.username))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
