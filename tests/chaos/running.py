"""A whole run: the stack, the proxies before its counterparts, the people, the kills, the look afterwards."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from tests.chaos.econtract_proxy import EContractProxy
from tests.chaos.evidence import Evidence, gather, open_enrolments
from tests.chaos.killing import Killed, Pace, kill
from tests.chaos.mail_proxy import MailProxy
from tests.chaos.office import Office
from tests.chaos.person import Experience, Person
from tests.chaos.plan import Plan, Walk
from tests.chaos.postbox import Postbox
from tests.chaos.walking import Enrolled, walk_through
from tests.running.enrolling import new_address
from tests.running.stack import Stack

_QUIET_WITHIN = 300.0  # seconds: a mail whose worker died is sent again after two minutes
_ANSWER_WITHIN = 15.0  # seconds a person looks at a page that does not come

Say = Callable[[str], None]


@dataclass
class Course:
    """What happened in a run."""

    plan: Plan
    enrolled: list[Enrolled] = field(default_factory=list)
    killed: list[Killed] = field(default_factory=list)
    met: Experience = field(default_factory=Experience)
    seconds: float = 0.0


class Run:
    """One run of a plan on a stack of its own."""

    def __init__(self, plan: Plan, directory: Path, say: Say) -> None:
        """Prepare; `say` is told how it goes."""
        self._say = say
        self._econtract = EContractProxy(plan.mishaps("econtract"))
        self._mail = MailProxy(plan.mishaps("mail"))
        self._directory = directory
        self.plan = plan
        self.course = Course(plan)

    async def go(self) -> Evidence:
        """Let everything happen, and give what is to be seen afterwards."""
        async with self._stack() as stack:
            began = time.monotonic()
            await self._happen(stack)
            self._econtract.calm = self._mail.calm = True
            self._say("All are through. Waiting until nothing is under way any more.")
            await self._quiet(stack)
            self.course.seconds = time.monotonic() - began
            mails = await stack.mailbox.mails()
            evidence = await gather(stack, mails, self._econtract.calls, self._mail.sessions)
            await stack.stop()
            evidence.read_logs(stack.run_dir.logs)
            return evidence

    async def _quiet(self, stack: Stack) -> None:
        """Wait until all runs have ended but those whose people got stuck."""
        stuck = sum(bool(each.failure and each.reference) for each in self.course.enrolled)
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_WITHIN):
                while await open_enrolments(stack) > stuck:
                    # Each look counts all runs there have been, so it is taken once a second.
                    await asyncio.sleep(1)

    @asynccontextmanager
    async def _stack(self) -> AsyncIterator[Stack]:
        async with self._econtract.serving(), self._mail.serving():
            settings = {
                "JCAN_ECONTRACT_URL": f"http://127.0.0.1:{self._econtract.port}",
                "JCAN_SMTP_RELAY_PORT": str(self._mail.port),
                "JCAN_ISSUANCE_DELAY": "PT1S",
            }
            stack = Stack(self._directory, **settings)
            self._econtract.to, self._mail.to = stack.ports.econtract, stack.ports.smtp
            try:
                await stack.start()
                await self._order_tickets(stack)
                yield stack
            finally:
                stack.kill()

    async def _order_tickets(self, stack: Stack) -> None:
        for company_code in ("leo-sign", "contracthub"):
            wanted = sum(walk.company_code == company_code for walk in self.plan.walks)
            if wanted > len(stack.ready["tickets"][company_code]):
                await stack.order_tickets(wanted, company_code)

    async def _happen(self, stack: Stack) -> None:
        pace = Pace(len(self.plan.walks), len(self.plan.kills), self.plan.at_once)
        places = asyncio.Semaphore(self.plan.at_once)
        async with AsyncExitStack() as browsers:
            postbox = Postbox(stack.mailbox)
            collecting = asyncio.create_task(postbox.collect())
            hook_key = stack.environment["JCAN_CA_HOOK_KEY"]
            office = Office(stack, await _browser(stack, browsers), hook_key, self.course.met)
            await office.sign_in()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._kill_all(stack, pace))
                for walk in self.plan.walks:
                    await places.acquire()
                    await pace.may_start()
                    walking = group.create_task(self._enrol(walk, stack, postbox, office, browsers))
                    walking.add_done_callback(lambda _: places.release())
            collecting.cancel()

    async def _kill_all(self, stack: Stack, pace: Pace) -> None:
        for what in self.plan.kills:
            await pace.may_kill()
            killed = await kill(stack, what)
            self.course.killed.append(killed)
            await pace.killed()
            self._say(f"killed {killed.part}, back after {killed.away:.1f} s")

    async def _enrol(
        self, walk: Walk, stack: Stack, postbox: Postbox, office: Office, browsers: AsyncExitStack
    ) -> None:
        ticket = stack.ticket(walk.company_code)

        async def person(name: str) -> Person:
            return Person(
                stack,
                await _browser(stack, browsers),
                ticket,
                new_address(name),
                walk.tenant,
                walk.company_code,
                walk.applicant,
                postbox=postbox,
                draw=Random(f"{walk.seed} {name}"),
                met=self.course.met,
            )

        applicant, principal = await person("applicant"), await person("principal")
        began, failure = time.monotonic(), ""
        try:
            async with asyncio.timeout(self.plan.patience):
                await walk_through(walk, applicant, principal, office)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told at the end, with the others
            failure = "".join(traceback.format_exception(error)[-3:])
        names = self.course.enrolled
        names.append(Enrolled(walk, applicant.reference, ticket, applicant.email, principal.email, failure))
        took = time.monotonic() - began
        how = f"got stuck after {took:.1f} s:\n{failure}" if failure else f"ended after {took:.1f} s"
        self._say(f"enrolment {walk}: {how} ({len(names)})")


async def _browser(stack: Stack, browsers: AsyncExitStack) -> httpx.AsyncClient:
    return await browsers.enter_async_context(
        httpx.AsyncClient(
            base_url=stack.web,
            headers={"Sec-Fetch-Site": "same-origin", "Accept-Language": "ja"},
            follow_redirects=True,
            timeout=_ANSWER_WITHIN,
            trust_env=False,
        )
    )
