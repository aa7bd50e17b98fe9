"""What many open enrolments take: room in each store, the worker's memory, and the time of a status page."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from domain.stage import Applicant, Stage
from tests.bench.ground import Ground
from tests.bench.loading import Generator, Load, Order
from tests.bench.pages import PublicPage
from tests.bench.throughput import IN_FLIGHT
from tests.bench.usage import memory_of

_BESIDE = "/"
"""The list of services: a page of the same front that knows of no enrolment."""


@dataclass(frozen=True)
class Room:
    """Bytes that are taken: in our database, in Temporal's file, and by the worker."""

    database: int
    temporal: int
    worker: int


@dataclass(frozen=True)
class Served:
    """How a status page was served in each round, and in turns with it the page beside it."""

    page: list[Load]
    beside: list[Load]

    @property
    def ratio(self) -> float:
        """Give the median of how many times as long the status page took."""
        pairs = zip(self.page, self.beside, strict=True)
        return statistics.median(mine.median / other.median for mine, other in pairs)


@dataclass(frozen=True)
class Crowd:
    """So many open enrolments: what they take, all together, and how one's status page is served."""

    open: int
    room: Room
    served: Served

    def per_enrolment(self, fewer: "Crowd") -> Room:
        """Give what one more took since there were fewer."""
        more = self.open - fewer.open
        return Room(
            database=(self.room.database - fewer.room.database) // more,
            temporal=(self.room.temporal - fewer.room.temporal) // more,
            worker=(self.room.worker - fewer.room.worker) // more,
        )


async def growing(
    ground: Ground, page: PublicPage, load: Generator, sizes: Iterable[int], rounds: int
) -> AsyncIterator[Crowd]:
    """Let the crowd grow to each size; every one in it waits for the press of its link."""
    waiting = 0
    for size in (0, *sizes):
        await _start(ground, size - waiting)
        waiting = size
        yield Crowd(size, await _room(ground), await _served(ground, page, load, rounds))


async def _start(ground: Ground, more: int) -> None:
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one() -> None:
        async with places:
            run = await ground.enrolments.start(Applicant.PRINCIPAL, await ground.ticket())
            await ground.enrolments.waits_for_people(run, Stage.REGISTERED)

    async with asyncio.TaskGroup() as group:
        for _ in range(more):
            group.create_task(one())


async def _served(ground: Ground, page: PublicPage, load: Generator, rounds: int) -> Served:
    """One person after the other, so that nobody waits; after a round of each that does not count."""
    mine = Order(port=ground.stack.ports.web, path=page.path, cookie=page.cookie, connections=1)
    other = mine.model_copy(update={"path": _BESIDE, "cookie": ""})
    served = Served([], [])
    for order in (mine, other):
        await load.make(order)
    for _ in range(rounds):
        served.page.append(await load.make(mine))
        served.beside.append(await load.make(other))
    return served


async def _room(ground: Ground) -> Room:
    async with ground.database.begin() as session:
        size = (await session.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
    return Room(
        database=size,
        temporal=_bytes_in(ground.stack.run_dir.temporal),
        worker=memory_of(ground.stack.pid("worker")),
    )


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
