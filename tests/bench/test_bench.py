"""The short form of `make bench`: every part measures something, and the tables are whole."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bench.__main__ import PARTS, SHORT
from tests.bench.ground import Ground, started
from tests.bench.loading import Load
from tests.bench.pages import Compared, PublicPage
from tests.bench.throughput import Rounds, Turn
from tests.bench.usage import Usage


@pytest_asyncio.fixture(scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One system for all parts: their figures are nobody's to go by."""
    async with started() as ground:
        yield ground


@pytest.mark.parametrize("part", PARTS)
async def test_every_part_measures_something(part: str, ground: Ground) -> None:
    tables = await PARTS[part](ground, SHORT)
    heads, *rows = [line for line in tables.splitlines() if re.match(r"\| (?!---)", line)]
    assert heads
    figures = [float(text.replace(",", "")) for text in re.findall(r"[0-9][0-9,]*\.?[0-9]*", "".join(rows))]
    assert any(figure > 0 for figure in figures), tables


def test_a_rate_is_the_median_of_the_rounds_own_ratios() -> None:
    def turn(per_second: float) -> Turn:
        return Turn(per_second, Usage(temporal=1 / per_second))

    rounds = Rounds(
        control=[turn(10), turn(20), turn(40)], principal=[turn(5), turn(5), turn(40)], agent=[turn(1)] * 3
    )
    assert rounds.rate(rounds.principal) == 0.5
    assert rounds.at_the_server(rounds.principal) == 0.5
    assert rounds.rate(rounds.control) == 1


def test_a_page_is_compared_round_by_round() -> None:
    def load(per_second: float) -> Load:
        return Load(requests=1, per_second=per_second, median=1, p95=1, failed=0)

    page = PublicPage("", "/", "", "text/html", "")
    compared = Compared(page, ours=[load(1), load(9), load(4)], bare=[load(2), load(10), load(40)])
    assert compared.ratio == 0.5
