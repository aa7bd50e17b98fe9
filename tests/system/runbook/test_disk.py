"""The database's disk fills up while people apply."""

import asyncio
from http import HTTPStatus

import pytest

from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.waiting import until
from tests.system.runbook.disk import MAY_MOUNT, Disk
from tests.system.runbook.office import Office
from tests.web.page import Page

PRESS_AGAIN = "もう一度ボタンを押してください"


@pytest.mark.skipif(not MAY_MOUNT, reason="only root may mount the small disk that is filled up")
async def test_people_apply_while_the_disk_is_full(office: Office, people: People, disk: Disk) -> None:
    issuing, applying, newcomer = [await people.new() for _ in range(3)]
    await asyncio.gather(issuing.open(), applying.open())
    run_dir = str(office.stack.run_dir.path)
    async with office.walk("The database's disk is full") as entry:
        await issuing.submit()
        with disk.full():
            assert " 100% " in await entry.do("df", RUN_DIR=run_dir)
            page = await until(lambda: turned_away(newcomer), "the disk has no room for a newcomer", 60)
            assert PRESS_AGAIN in page.text
            assert "No space left on device" in await entry.do("tail", RUN_DIR=run_dir)
        await asyncio.gather(newcomer.register(), applying.submit())
        await newcomer.mail()
        for applicant in (issuing, applying):
            await applicant.shows(ISSUED)
            await applicant.mail("issued")


async def turned_away(newcomer: Enrolling) -> Page | None:
    """Open the form, for which something has to be kept; give the page that says that this cannot be now."""
    page = await newcomer.get("/leopalace/regist/step1?applicant=principal")
    return page if page.status == HTTPStatus.SERVICE_UNAVAILABLE else None
