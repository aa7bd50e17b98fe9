"""Runs that wait for a worker or for Temporal, or were terminated or reset; people who are erased."""

import asyncio
import os
import signal

from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.waiting import until
from tests.system.runbook.office import Office

RECEIVED = "処理はこのまま続きます"


async def test_a_worker_is_stuck_then_temporal_is_and_postgresql_is_killed(
    office: Office, people: People
) -> None:
    applicant = await people.new()
    await applicant.open()
    confirmation = await applicant.fill_in()
    stuck = office.stack.pid("worker")
    async with office.walk("A worker is stuck, or was killed") as entry:
        with office.stack.without("worker"):
            page = await applicant.post(f"{applicant.home}/application/submit", confirmation.posted_fields())
            assert RECEIVED in page.text
            raw = (await office.run_of(applicant).describe()).raw_description
            assert raw.HasField("pending_workflow_task")
            assert f"{stuck}@" in await entry.do("temporal task-queue describe")
            await entry.do("kill -9", PID=str(stuck))
        async with office.walk("PostgreSQL or Temporal is down") as down:
            with office.stack.without("temporal"):
                assert '"missing":["temporal"]' in await down.do("curl", ORIGIN=office.stack.web)
            os.kill(office.stack.pid("postgres"), signal.SIGKILL)
            assert '"missing":["database' in await down.do("curl", ORIGIN=office.stack.web)

            async def ready() -> bool:
                return '"ready"' in await down.do("curl", ORIGIN=office.stack.web)

            await until(ready, "/readyz says ready")
        await applicant.shows(ISSUED, within=60)
    assert office.stack.pid("worker") != stuck


async def test_a_run_is_terminated_the_next_one_reset_and_people_ask_to_be_erased(
    office: Office, people: People
) -> None:
    ended, open_one = await people.new(), await people.new()
    await asyncio.gather(ended.open(), open_one.open())
    await office.run_of(ended).terminate(reason="by mistake")
    async with office.walk("A run was terminated or reset") as entry:
        listed = await entry.do("temporal workflow list")
        assert f"enrolment-{ended.reference}" in listed
        again = await people.new(ticket=ended.ticket, email=ended.email)
        await again.register()
        link = (await again.mail(number=2)).link
        await reset(office, again)
        form = await again.press(link)
        assert form.path == f"{again.home}/application"
        await again.submit()
        erased = await entry.do("jcan shred", REFERENCE=ended.reference)
        assert "Erased" in erased
        await again.mail("issued")
    letters = [mail.kind for mail in await office.stack.mailbox.mails(again.email)]
    assert letters.count("application_link") == 2, "one for each enrolment"
    async with office.walk("Somebody asks to be erased") as entry:
        await entry.do("jcan shred REFERENCE", code=1, REFERENCE=open_one.reference)
        await asyncio.gather(
            entry.do("jcan shred REFERENCE --revoke", REFERENCE=again.reference),
            entry.do("jcan shred REFERENCE --withdraw", REFERENCE=open_one.reference),
        )
    await nothing_is_left(office, ended, again, open_one)


async def nothing_is_left(office: Office, *people: Enrolling) -> None:
    """Neither the status page nor the console knows any of them, and the console says so."""
    async with office.console() as console:
        for person in people:
            page = await console.get(f"/console/enrolments/{person.reference}")
            assert "消去済み" in page.text
            assert person.email not in page.text
            assert person.email not in (await person.get(f"{person.home}/status")).html


async def reset(office: Office, applicant: Enrolling) -> None:
    """Reset a run to its beginning, and wait until it has heard its link's mail accepted once more."""
    line = "temporal workflow reset --type FirstWorkflowTask --reason test -w enrolment-"
    await office.shell.run(line + applicant.reference)

    async def waits_again() -> bool:
        return "期限" in await office.details(applicant)

    await until(waits_again, "the new run waits for the link")
