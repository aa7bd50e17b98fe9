"""The short form of `make bench`: every part measures something, and the tables are whole."""

import re

import pytest

from tests.bench.__main__ import PARTS, SHORT, measured
from tests.bench.loading import Load
from tests.bench.pages import Compared, PublicPage
from tests.bench.throughput import Rounds, Turn
from tests.bench.usage import Usage


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", PARTS)
async def test_every_part_measures_something(part: str) -> None:
    (tables,) = [each async for each in measured([part], SHORT)]
    rows = [line for line in tables.splitlines() if re.match(r"\| (?!---)", line)]
    figures = [
        float(figure.replace(",", "")) for figure in re.findall(r"[0-9][0-9,]*\.?[0-9]*", "".join(rows[1:]))
    ]
    assert len(rows) > 1
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
