"""What a whole test run leaves behind where nothing personal may lie. Runs last: see conftest.py."""

import re
from pathlib import Path

import pytest
import pytest_asyncio

from tests.running.enrolling import TARO, Enrolling, People, issued_at
from tests.running.stack import Stack

TOKEN = re.compile(r"onetimetoken=([0-9a-f]{64})")


@pytest_asyncio.fixture(scope="module")
async def issued(people: People) -> Enrolling:
    """An enrolment that went all the way."""
    return await issued_at(people)


@pytest.mark.usefixtures("issued")
async def test_no_log_names_a_token_an_address_or_a_ticket(stack: Stack) -> None:
    logs = {log.name: log.read_bytes() for log in stack.run_dir.logs.iterdir()}
    assert b"/leopalace/realregist/step1" in logs["web.log"]
    personal = await _personal(stack)
    assert [(log, word) for log, text in logs.items() for word in personal if word.encode() in text] == []


async def test_nothing_personal_lies_in_clear_in_temporals_file(stack: Stack, issued: Enrolling) -> None:
    database = b"".join(path.read_bytes() for path in _files(stack.run_dir.temporal, "temporal.db*"))
    assert f"enrolment-{issued.reference}".encode() in database
    personal = await _personal(stack)
    assert [word for word in personal if word.encode() in database] == []


async def _personal(stack: Stack) -> set[str]:
    """Every address, token, ticket and name of the whole test run."""
    mails = await stack.mailbox.mails()
    tokens = {token for mail in mails for token in TOKEN.findall(mail.text)}
    addresses = {mail.to for mail in mails}
    assert tokens
    assert addresses
    return tokens | addresses | stack.handed_out | {TARO["family_name"], TARO["family_name_latin"]}


def _files(directory: Path, pattern: str) -> list[Path]:
    return sorted(path for path in directory.glob(pattern) if path.is_file())
