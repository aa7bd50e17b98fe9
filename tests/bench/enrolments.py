"""Whole enrolments through the running system's own worker, told by signals what people would tell them."""

import asyncio
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from temporalio.client import WorkflowHandle

from domain.application import Application
from domain.reference import Reference
from domain.registration import Registration
from domain.stage import Applicant, ApprovalDecision, Language, Stage
from engine.enrolments import EnrolmentDesk, RegisterRequest
from engine.signals import SIGNALS
from records.database import Database
from records.tables import EnrolmentRow
from workflows.messages import DecideApproval, EnrolmentEnd, Message, RedeemLink, SubmitApplication

_LOOK_EVERY = 0.1  # seconds


@dataclass(frozen=True)
class Run:
    """One enrolment that was started."""

    reference: str
    handle: WorkflowHandle[object, EnrolmentEnd]

    async def tell(self, message: Message) -> None:
        """Send a message, stamped as the front stamps it."""
        stamp = {"message_id": uuid.uuid4().hex, "received_at": datetime.now(UTC)}
        await self.handle.signal(SIGNALS[type(message)], message.model_copy(update=stamp))


class Enrolments:
    """Starts enrolments and drives them, many side by side; where they stand is read in one query for all."""

    def __init__(self, desk: EnrolmentDesk, database: Database) -> None:
        """Take the desk at which the front registers people, and the system's database."""
        self._desk = desk
        self._database = database
        self._watched: dict[str, asyncio.Future[None]] = {}
        self._stage: dict[str, Stage] = {}

    async def start(self, applicant: Applicant, ticket: str) -> Run:
        """Start one."""
        reference = Reference.from_bytes(os.urandom(8)).text
        person = "hanako.sato" if applicant is Applicant.AGENT else "taro.takahashi"
        registration = Registration(
            applicant=applicant,
            company_code="leo-sign",
            ticket_number=ticket,
            email=_address(person, reference),
        )
        request = RegisterRequest(
            reference=reference, tenant="leopalace", registration=registration, language=Language.JA
        )
        return Run(reference, await self._desk.start(request))

    async def complete(self, applicant: Applicant, ticket: str) -> Run:
        """Take one from the registration to its end."""
        run = await self.start(applicant, ticket)
        await self.waits_for_people(run, Stage.REGISTERED)
        await run.tell(RedeemLink(generation=1))
        await run.tell(SubmitApplication(application=application(applicant, run.reference)))
        if applicant is Applicant.AGENT:
            await self.waits_for_people(run, Stage.AWAITING_APPROVAL)
            await run.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
        end = await run.handle.result()
        if end.stage is not Stage.ISSUED:
            raise RuntimeError(f"an enrolment ended as {end.stage}")
        return run

    async def waits_for_people(self, run: Run, stage: Stage) -> None:
        """Wait until the stage's mail is out, so that its deadline stands."""
        self._stage[run.reference] = stage
        waiting = self._watched[run.reference] = asyncio.get_running_loop().create_future()
        await waiting

    async def stage(self, run: Run) -> Stage:
        """Give the stage that is on record for one."""
        query = select(EnrolmentRow.stage).where(EnrolmentRow.reference == run.reference)
        async with self._database.begin() as session:
            return Stage((await session.execute(query)).scalar_one())

    async def watch(self) -> None:
        """Look where all of them stand, until cancelled."""
        while True:
            if self._watched:
                for reference in await self._reached(list(self._watched)):
                    self._watched.pop(reference).set_result(None)
            await asyncio.sleep(_LOOK_EVERY)

    async def _reached(self, references: Sequence[str]) -> list[str]:
        query = select(EnrolmentRow.reference, EnrolmentRow.stage).where(
            EnrolmentRow.reference.in_(references), EnrolmentRow.until.is_not(None)
        )
        async with self._database.begin() as session:
            rows = (await session.execute(query)).all()
        return [reference for reference, stage in rows if stage == self._stage[reference]]


def application(applicant: Applicant, reference: str) -> Application:
    """What everybody here applies for, each for a person of their own: a namesake would be a renewal."""
    agents = (
        {"agent_name": "佐藤 花子", "agent_company": "株式会社代理"} if applicant is Applicant.AGENT else {}
    )
    return Application.model_validate(
        {
            "family_name": "髙橋",
            "given_name": "太郎",
            "family_name_latin": "Takahashi",
            "given_name_latin": "Taro",
            "family_name_kana": "タカハシ",
            "given_name_kana": "タロウ",
            "company_name": "株式会社サンプル",
            "company_name_latin": "Sample Corporation",
            "corporate_number": "9999999999999",
            "email": _address("taro.takahashi", reference),
            "phone": "0300000000",
            "validity_years": 1,
        }
        | agents
    )


def _address(person: str, reference: str) -> str:
    return f"{person}.{reference.lower()}@example.jp"
