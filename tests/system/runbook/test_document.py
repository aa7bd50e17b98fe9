"""The runbook itself: every situation has what one looks for at night, and a test that walks through it."""

import re
from pathlib import Path

import pytest

from tests.system.runbook.document import OPERATIONS, commands, sections, situations

TESTS = sorted(Path(__file__).parent.glob("test_*.py"))
WALKED = {
    heading
    for file in TESTS
    for heading in re.findall(r'\.walk\(\s*"([^"]+)"', file.read_text(encoding="utf-8"))
}


def test_every_situation_is_walked_through_by_a_test_and_no_test_walks_elsewhere() -> None:
    assert set(situations()) == WALKED
    assert len(situations()) >= 17


@pytest.mark.parametrize("heading", situations())
def test_a_situation_says_what_to_do_in_clicks_or_words_and_on_the_command_line(heading: str) -> None:
    text = sections()[heading]
    assert "**You do**" in text
    assert "**It is over when**" in text
    assert commands(heading)


def test_every_reference_inside_the_document_leads_to_a_heading() -> None:
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in sections()}
    links = set(re.findall(r"\]\(#([^)]+)\)", OPERATIONS.read_text(encoding="utf-8")))
    assert links - anchors == set()
    assert {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in situations()} <= links
