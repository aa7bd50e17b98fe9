"""An operator's place: the console, the runs, a shell; and the document that says what to type there."""

import re
import shlex
import sysconfig
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowHandle

from devstack.postgres import programs_in_wheel
from domain.reference import Reference
from tests.running.enrolling import Enrolling
from tests.running.stack import Stack, run
from tests.running.waiting import until
from tests.system.runbook.counterparts import MailServer, Service
from tests.system.runbook.document import commands, filled_in

WHERE_TO_LOOK = "Where to look"


@dataclass(frozen=True)
class Pending:
    """An activity that is being tried: its id, and the type of what it met last."""

    activity_id: str
    failure: str


class Walk:
    """One entry of the document, done as it says."""

    def __init__(self, shell: "Shell", heading: str) -> None:
        """`heading`: the entry's."""
        self._shell = shell
        self._left = commands(heading)
        self._lines = tuple(self._left)

    async def do(self, beginning: str, code: int = 0, **words: str) -> str:
        """Run the entry's line that begins so, and give what it prints."""
        line = next(line for line in self._lines if line.startswith(beginning))
        if line in self._left:
            self._left.remove(line)
        return await self._shell.run(filled_in(line, **words), code)

    def check(self) -> None:
        """Every line of the entry was run."""
        assert self._left == []


class Shell:
    """A shell with everything in its path that the document names."""

    def __init__(self, environment: Mapping[str, str], folder: Path, key: str = "") -> None:
        """Work in `folder`; `environment` is that of a stack, `key` opens its codec."""
        self._folder = folder
        programs = (sysconfig.get_path("scripts"), programs_in_wheel() / "bin")
        self._environment = {
            **environment,
            "PATH": ":".join([*map(str, programs), environment["PATH"]]),
            "HOME": str(folder),
            "TEMPORAL_ADDRESS": environment["TEMPORAL_ADDRESS"],
            "TEMPORAL_CODEC_ENDPOINT": f"{environment['JCAN_WEB_ORIGIN']}/codec",
            "TEMPORAL_CODEC_AUTH": f"Bearer {key}",
        }

    async def run(self, line: str, code: int = 0) -> str:
        """Run a line as it stands."""
        script = f"cd {shlex.quote(str(self._folder))}\n{line}"
        return await run(["bash", "-euo", "pipefail", "-c", script], self._environment, code)


class Office:
    """Where an operator sits."""

    def __init__(
        self, stack: Stack, mail: MailServer, service: Service, shell: Shell, client: Client
    ) -> None:
        """`client` opens no payload: it sees what lies in clear."""
        self.stack = stack
        self.mail = mail
        self.service = service
        self.shell = shell
        self._client = client

    @asynccontextmanager
    async def walk(self, heading: str) -> AsyncIterator[Walk]:
        """Walk through an entry: at the end of the block every line of it must have been run."""
        walk = Walk(self.shell, heading)
        yield walk
        walk.check()

    def run_of(self, applicant: Enrolling) -> WorkflowHandle[object, object]:
        """An enrolment's run."""
        return self._client.get_workflow_handle(f"enrolment-{applicant.reference}")

    async def details(self, applicant: Enrolling) -> str:
        """What the run says of itself under User Metadata."""
        look = Walk(self.shell, WHERE_TO_LOOK)
        return await look.do("temporal workflow metadata", REFERENCE=applicant.reference)

    async def tries(self, applicant: Enrolling, activity: str, rest: timedelta | None = None) -> Pending:
        """Wait until an activity has failed and is to be tried again; with `rest`, not before that time."""

        def rests(pending: PendingActivityInfo) -> bool:
            scheduled = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
            next_try = pending.next_attempt_schedule_time.ToDatetime(UTC)
            return rest is None or (scheduled and next_try - datetime.now(UTC) > rest)

        async def look() -> Pending | None:
            raw = (await self.run_of(applicant).describe()).raw_description
            return next(
                (
                    Pending(each.activity_id, each.last_failure.application_failure_info.type)
                    for each in raw.pending_activities
                    if each.activity_type.name == activity and each.attempt > 1 and rests(each)
                ),
                None,
            )

        return await until(look, f"{activity} is tried again")

    async def try_now(self, applicant: Enrolling, pending: Pending) -> None:
        """Have the next try at once. It must not be under way: the server would not listen to it any more."""
        look = Walk(self.shell, WHERE_TO_LOOK)
        reference, activity = applicant.reference, pending.activity_id
        await look.do("temporal activity reset", REFERENCE=reference, ACTIVITY=activity)

    async def marked(self, applicant: Enrolling, words: str, button: str) -> None:
        """Wait until 要対応 shows an enrolment with certain words; its page then has the button."""
        grouped = Reference.parse(applicant.reference).grouped
        async with self.console() as console:

            async def look() -> bool:
                rows = (await console.get("/console/attention")).text.split("<tr>")
                return any(grouped in row and words in row for row in rows)

            await until(look, f"要対応 shows {words}")
            page = (await console.get(f"/console/enrolments/{applicant.reference}")).text
        assert words in page
        assert re.search(rf"<button[^>]*>{button}</button>", page), button

    async def unmarked(self, applicant: Enrolling) -> None:
        """Wait until an enrolment has gone from 要対応."""
        grouped = Reference.parse(applicant.reference).grouped
        async with self.console() as console:

            async def look() -> bool:
                return grouped not in (await console.get("/console/attention")).text

            await until(look, "it has gone from 要対応")

    @asynccontextmanager
    async def console(self) -> AsyncIterator[httpx.AsyncClient]:
        """A browser that is signed in, for the length of the block."""
        headers = {"Accept-Language": "ja", "Sec-Fetch-Site": "same-origin"}
        async with httpx.AsyncClient(base_url=self.stack.web, trust_env=False, headers=headers) as console:
            answer = await console.post("/console/sign-in", data=dict(self.stack.ready["operator"]))
            assert answer.is_redirect, answer.text
            yield console
            await console.post("/console/sign-out")
