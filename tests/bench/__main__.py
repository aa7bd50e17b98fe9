"""`python -m tests.bench`: measures the running system beside what does nothing, and prints tables."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from domain.stage import Applicant
from tests.bench import crowd, loading, pages, recovery, report, throughput
from tests.bench.ground import Ground, started


@dataclass(frozen=True)
class Size:
    """How much is measured; `workers` processes serve either side, for a Python process works on one core."""

    workers: int
    rounds: int
    runs: int
    seconds: float
    kills: int
    crowds: tuple[int, ...]


WHOLE = Size(
    workers=os.cpu_count() or 1, rounds=3, runs=40, seconds=1.0, kills=3, crowds=(1_000, 5_000, 20_000)
)
SHORT = Size(workers=1, rounds=1, runs=2, seconds=0.1, kills=1, crowds=(5,))
"""What `make test` runs: every part once, to see that it works."""


async def throughputs(ground: Ground, size: Size) -> str:
    """(a) Enrolments a second, beside the control."""
    async with (
        throughput.controls(ground.stack, size.workers) as controls,
        throughput.more_workers(ground.stack, size.workers) as workers,
    ):
        return report.of_throughput(
            await throughput.measure(ground, controls, workers, size.runs, size.rounds)
        )


async def served_pages(ground: Ground, size: Size) -> str:
    """(b) Each public page's requests a second, beside a bare one."""
    looked = await pages.public_pages(ground.stack)
    async with pages.bare_twins(looked) as bare, loading.generator() as load:
        ports = ground.stack.ports.web, bare
        compared = pages.compare(looked, *ports, load, size.rounds, size.seconds)
        return report.of_pages([each async for each in compared])


async def crowds(ground: Ground, size: Size) -> str:
    """(c) What many open enrolments take."""
    page = await pages.status_page(ground.stack)
    async with loading.generator() as load, throughput.more_workers(ground.stack, size.workers):
        growing = crowd.growing(ground, page, load, size.crowds, size.rounds)
        return report.of_crowds([each async for each in growing])


async def costs(ground: Ground, _: Size) -> str:
    """(d) History events and state transitions."""
    return report.of_costs({kind.value: await throughput.cost(ground, kind) for kind in Applicant})


async def recoveries(ground: Ground, size: Size) -> str:
    """(e) Seconds from `kill -9` of the only worker until the next signal is served."""
    return report.of_recovery([await recovery.after_kill(ground) for _ in range(size.kills)])


Part = Callable[[Ground, Size], Awaitable[str]]
PARTS: dict[str, Part] = {
    "throughput": throughputs,
    "pages": served_pages,
    "crowds": crowds,
    "costs": costs,
    "recovery": recoveries,
}


async def measured(names: Iterable[str], size: Size) -> AsyncIterator[str]:
    """Measure each part on a system of its own, where no other has left anything; gives its tables."""
    for name in names:
        async with started() as ground:
            title = (PARTS[name].__doc__ or "").rstrip(".")
            yield f"### {title}\n\n{await PARTS[name](ground, size)}\n"


async def main() -> None:
    """Measure what the command line asks for."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (all)")
    options.add_argument("--short", action="store_true", help="what `make test` runs: no figure to go by")
    options.add_argument("--crowds", metavar="N,…", help="how many open enrolments (1000,5000,20000)")
    chosen = options.parse_args()
    for unknown in set(chosen.parts) - set(PARTS):
        options.error(f"there is no part {unknown!r}")
    size = SHORT if chosen.short else WHOLE
    if chosen.crowds:
        size = replace(size, crowds=tuple(map(int, chosen.crowds.split(","))))
    async for tables in measured(chosen.parts or PARTS, size):
        print(tables, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
