"""What was measured, as tables in Markdown: for the terminal, and for docs/performance.md as they are."""

from collections.abc import Iterable, Sequence
from statistics import median

from tests.bench.crowd import Crowd
from tests.bench.pages import Compared
from tests.bench.throughput import Cost, Rounds, Turn

_KIB = 1024
_MIB = 1024 * 1024


def of_throughput(rounds: Rounds) -> str:
    """Tell how many a second, beside the control, and what each process spends on one."""
    kinds = {"control": rounds.control, "principal": rounds.principal, "agent": rounds.agent}
    rates = [
        [
            name,
            f"{median(turn.per_second for turn in turns):.1f}",
            f"{rounds.rate(turns):.2f}",
            f"{rounds.at_the_server(turns):.2f}",
        ]
        for name, turns in kinds.items()
    ]
    parts = [part for part in rounds.control[0].cost if any(_spent(turns, part) for turns in kinds.values())]
    costs = [[name, *(f"{_spent(turns, part):.0f}" for part in parts)] for name, turns in kinds.items()]
    return "\n\n".join(
        [
            _table(
                ["one after the other, in turns", "a second", "of the control", "at Temporal's cost"], rates
            ),
            _table(["CPU milliseconds for one", *parts], costs),
        ]
    )


def of_costs(costs: dict[str, Cost]) -> str:
    """Tell what one run costs at the Temporal server."""
    rows = [[name, str(cost.events), str(cost.transitions)] for name, cost in costs.items()]
    return _table(["one enrolment", "history events", "state transitions"], rows)


def of_pages(pages: Sequence[Compared]) -> str:
    """Tell how many requests a second each page answers, and how its 95th percentile compares."""
    rows = [
        [
            each.page.name,
            f"{median(load.per_second for load in each.ours):.0f}",
            f"{median(load.per_second for load in each.bare):.0f}",
            f"{each.ratio:.2f}",
            f"{median(load.p95 for load in each.ours):.1f}",
            f"{median(load.p95 for load in each.bare):.1f}",
        ]
        for each in pages
    ]
    return _table(["page", "a second", "bare page", "ratio", "p95 ms", "bare p95 ms"], rows)


def of_crowds(crowds: Sequence[Crowd]) -> str:
    """Tell what many open enrolments take, each since the size before, and how a status page is served."""
    rows = []
    for fewer, crowd in zip([None, *crowds[:-1]], crowds, strict=True):
        each = fewer and crowd.per_enrolment(fewer)
        rows.append(
            [
                f"{crowd.open:,}",
                f"{each.database / _KIB:.1f}" if each else "",
                f"{each.temporal / _KIB:.1f}" if each else "",
                f"{crowd.room.worker / _MIB:.0f}",
                f"{median(load.median for load in crowd.served.page):.1f}",
                f"{median(load.p95 for load in crowd.served.page):.1f}",
                f"{crowd.served.ratio:.1f}",
            ]
        )
    heads = ["open", "KiB each in PostgreSQL", "KiB each at Temporal", "one worker's MiB"]
    return _table([*heads, "status page ms", "p95 ms", "times the list of services"], rows)


def of_recovery(seconds: Sequence[float]) -> str:
    """Tell how long it took each time until a signal was served after the only worker was killed."""
    return _table(
        ["kills", "median s", "longest s"],
        [[str(len(seconds)), f"{median(seconds):.1f}", f"{max(seconds):.1f}"]],
    )


def _spent(turns: Iterable[Turn], part: str) -> float:
    return 1000 * median(turn.cost[part] for turn in turns)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
