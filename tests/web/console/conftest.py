"""Operators in front of the console."""

from collections.abc import Awaitable, Callable

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from records import operators, passwords
from records.database import Database
from records.operators import Operator, Role
from records.tables import AuditEntry
from tests.web.conftest import Visitor

PASSWORD = "correct horse battery"

NewOperator = Callable[..., Awaitable[Operator]]
SignIn = Callable[..., Awaitable[Visitor]]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least work: what a password costs is not what these tests are about."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def new_operator(database: Database) -> NewOperator:
    """Add an operator, with `PASSWORD`."""

    async def new(username: str = "tanaka", role: Role = Role.ADMINISTRATOR, **changes: str) -> Operator:
        facts = {"email": f"{username}@lra.example.jp", "tenant": None} | changes
        operator = Operator(username=username, role=role, **facts)  # type: ignore[arg-type]
        async with database.begin() as session:
            assert await operators.add(session, operator, PASSWORD)
        return operator

    return new


@pytest.fixture
def sign_in(visitors: Callable[..., Visitor], new_operator: NewOperator) -> SignIn:
    """A browser in which a new operator is signed in."""

    async def enter(username: str = "tanaka", role: Role = Role.ADMINISTRATOR, **changes: str) -> Visitor:
        await new_operator(username, role, **changes)
        visitor = visitors()
        data = {"username": username, "password": PASSWORD}
        response = await visitor.client.post("/console/sign-in", data=data)
        assert response.status_code == 303
        return visitor

    return enter


async def actions(database: Database) -> list[tuple[str, str]]:
    """Who did what, by the audit trail."""
    async with database.begin() as session:
        rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
        return [(row.actor, row.action) for row in rows.all()]
