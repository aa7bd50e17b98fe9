"""`jcan operators` as it is typed: who is let in, who is not, and what is written down of it."""

from datetime import UTC, datetime

import pytest

from records import limits, operators
from records.database import Database
from records.operators import TRIES, Operator, Role
from settings import Settings
from tests.cli.conftest import Typed
from tests.web.console.conftest import actions

ADD = ("operators", "add", "sato", "--email", "sato@lra.example.jp")
OWN = "staple, battery and horse"


async def by_password(database: Database, password: str) -> Operator | None:
    """Whom a password lets in."""
    async with database.begin() as session:
        return await operators.by_password(session, "sato", password)


async def test_who_is_added_comes_in_with_the_password_that_is_printed_once_and_has_to_change_it(
    typed: Typed, database: Database
) -> None:
    added = await typed(*ADD, "--tenant", "contracthub")
    assert added.exit_code == 0, added.output
    password = added.stdout.removeprefix("Password: ").strip()
    assert await by_password(database, password) == Operator(
        "sato", "sato@lra.example.jp", Role.REVIEWER, "contracthub", must_change=True
    )
    assert "contracthub" in (await typed("operators", "list")).stdout
    assert password not in (await typed("audit", "export")).stdout
    assert ("operator:cli", "operator_added") in await actions(database)


async def test_a_password_that_they_bring_is_their_own(typed: Typed, database: Database) -> None:
    added = await typed(*ADD, "--role", "administrator", "--password-stdin", said=f"{OWN}\n")
    assert added.stdout == "Done.\n"
    found = await by_password(database, OWN)
    assert found is not None
    assert (found.role, found.must_change) == (Role.ADMINISTRATOR, False)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("operators", "add", "S", "--email", "sato@lra.example.jp"), "2 to 32"),
        (("operators", "add", "sato", "--email", "sato"), "not an e-mail address"),
        ((*ADD, "--tenant", "nobody"), "no tenant nobody"),
        ((*ADD, "--tenant", "contracthub", "--role", "administrator"), "only a reviewer can be limited"),
        ((*ADD, "--password-stdin"), "12 to 200 characters"),
        (("operators", "disable", "sato"), "no operator of that name"),
        (("operators", "reset", "sato"), "no operator of that name"),
        (("operators", "api-key", "sato"), "no operator of that name"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(
    typed: Typed, database: Database, words: tuple[str, ...], sentence: str
) -> None:
    refused = await typed(*words, said="short\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert sentence in refused.stderr
    async with database.begin() as session:
        assert await operators.list_all(session) == []
    assert await actions(database) == []


async def test_nobody_is_added_twice_and_a_reviewer_has_no_key(typed: Typed) -> None:
    assert (await typed(*ADD)).exit_code == 0
    assert "reset lets them in again" in (await typed(*ADD)).stderr
    assert "Only an administrator" in (await typed("operators", "api-key", "sato")).stderr


async def test_who_is_disabled_is_out_and_a_reset_lets_them_in_and_lifts_the_lock(
    typed: Typed, database: Database, settings: Settings
) -> None:
    await typed(*ADD, "--role", "administrator", "--password-stdin", said=f"{OWN}\n")
    key = (await typed("operators", "api-key", "sato")).stdout.strip()
    async with database.begin() as session:
        token = await operators.sign_in(session, "sato", datetime.now(UTC))
        for _try in range(TRIES.count):
            assert await limits.take(session, TRIES, "sato", settings.digest_key) is None
        assert await limits.take(session, TRIES, "sato", settings.digest_key) is not None
        assert await operators.by_api_key(session, key) is not None

    assert (await typed("operators", "disable", "sato")).exit_code == 0
    assert await by_password(database, OWN) is None
    async with database.begin() as session:
        assert await operators.by_session(session, token, datetime.now(UTC)) is None
        assert await operators.by_api_key(session, key) is None
    assert "disabled" in (await typed("operators", "list")).stdout

    password = (await typed("operators", "reset", "sato")).stdout.removeprefix("Password: ").strip()
    assert await by_password(database, OWN) is None
    found = await by_password(database, password)
    assert found is not None
    assert found.must_change
    async with database.begin() as session:
        assert await limits.take(session, TRIES, "sato", settings.digest_key) is None
        assert await operators.by_api_key(session, key) is None
    assert [action for _actor, action in await actions(database)] == [
        *("operator_added", "operator_key_made", "operator_disabled", "operator_reset")
    ]
