"""A certificate's life of two years under a clock that skips: reminders, renewal, revocation, its end."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.certificates import Kin
from domain.link_token import RENEWAL_BY_APPLICANT, RENEWAL_BY_PRINCIPAL
from domain.reference import Reference
from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Applicant, Attention, Language, Outcome, Stage, Verdict
from domain.workflow_ids import certificate_id
from engine.sandbox import sandbox
from engine.signals import SIGNALS
from mailing.letter import LetterKind
from records.audit import Entry
from tests.workflows.conftest import Enrolling, StartEnrolment, application
from tests.workflows.test_faults import parked, submit
from tests.workflows.world import World
from workflows.certificate import Certificate
from workflows.messages import (
    CertificateEnd,
    CertificateStart,
    CertificateStatus,
    GiveUp,
    Message,
    Renewed,
    RequestRevocation,
    Revoke,
)

TWO_YEARS = timedelta(days=730)
DAY = timedelta(days=1)


@dataclass
class Living:
    """One certificate under test: its run, its world, and how far its clock was put forward."""

    environment: WorkflowEnvironment
    world: World
    handle: WorkflowHandle[Certificate, CertificateEnd]
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The run's present."""
        return datetime.now(UTC) + self.ahead

    async def tell(self, message: Message, at: datetime | None = None) -> CertificateStatus:
        """Send a message as the front does, and give the answer of the query."""
        message_id = message.message_id or uuid.uuid4().hex
        stamp = {"message_id": message_id, "received_at": at or self.now()}
        await self.handle.signal(SIGNALS[type(message)], message.model_copy(update=stamp))
        return await self.handle.query(Certificate.status, message_id)

    async def until(self, condition: Callable[[CertificateStatus], bool]) -> CertificateStatus:
        """Wait until the run says so."""
        async with asyncio.timeout(20):
            while not condition(status := await self.handle.query(Certificate.status)):
                await asyncio.sleep(0.02)
        return status

    async def pass_time(self, by: timedelta) -> None:
        """Put the run's clock forward."""
        await self.environment.fast_forward(self.handle, by)
        self.ahead += by

    async def end(self) -> CertificateEnd:
        """Wait for the run's end."""
        async with asyncio.timeout(30):
            return await self.handle.result()

    async def has_no_last_attempt(self) -> bool:
        """Whether everything that is asked of others is asked again as long as it takes."""
        events = (await self.handle.fetch_history()).events
        asked = [
            event.activity_task_scheduled_event_attributes
            for event in events
            if event.HasField("activity_task_scheduled_event_attributes")
        ]
        return bool(asked) and not any(
            each.retry_policy.maximum_attempts or each.schedule_to_close_timeout.ToTimedelta()
            for each in asked
        )

    def entries(self) -> list[Entry]:
        """The audit trail, in order."""
        return [entry for record in self.world.certificate_records for entry in record.entries]

    def actions(self) -> list[str]:
        """Its actions."""
        return [entry.action for entry in self.entries()]


Live = Callable[..., Any]


async def begin(
    environment: WorkflowEnvironment,
    life: timedelta = TWO_YEARS,
    world: World | None = None,
    applicant: Applicant = Applicant.PRINCIPAL,
    **facts: object,
) -> tuple[Living, Worker]:
    """Start a certificate's life; give it, and a worker that is to serve it."""
    serial, world = os.urandom(16).hex(), world or World()
    reference = Reference.from_bytes(os.urandom(8)).text
    task_queue = f"certificate-{serial}"
    agents = applicant is Applicant.AGENT
    started = CertificateStart.model_validate(
        {
            "serial": serial,
            "reference": reference,
            "tenant": "leopalace",
            "not_after": datetime.now(UTC) + life,
            "applicant": applicant,
            "email": "hanako.sato@example.jp" if agents else "taro.takahashi@example.jp",
            "ticket_number": f"1{uuid.uuid4()}p",
            "application": application(applicant),
            "credential_id": "credential",
        }
        | facts
    )
    with environment.with_time_skipping_disabled():
        handle = await environment.client.start_workflow(
            Certificate.run, started, id=certificate_id(serial), task_queue=task_queue
        )
    worker = Worker(
        environment.client,
        task_queue=task_queue,
        workflows=[Certificate],
        activities=world.activities(),
        workflow_runner=sandbox(),
    )
    living = Living(environment, world, handle)
    world.clock = living.now
    return living, worker


@pytest.fixture
async def live(environment: WorkflowEnvironment) -> AsyncIterator[Live]:
    """Start a certificate's life, served by a worker until the test's end."""
    async with AsyncExitStack() as workers:

        async def start(**options: Any) -> Living:
            living, worker = await begin(environment, **options)
            await workers.enter_async_context(worker)
            return living

        yield start


async def test_it_reminds_three_times_in_two_years_and_then_ends(live: Live) -> None:
    living: Living = await live()
    await living.pass_time(TWO_YEARS - timedelta(days=31))
    assert living.world.letters == []
    for number, days in enumerate((30, 20, 10), 1):
        await living.pass_time(living_until(living, days))
        status = await living.until(lambda status, number=number: status.reminded == number)  # type: ignore[misc]
        assert status.stage is CertificateStage.VALID
        await living.until(lambda _, number=number: len(living.world.letters) == number)  # type: ignore[misc]
    await living.pass_time(timedelta(days=11))
    assert await living.end() == CertificateEnd(stage=CertificateStage.EXPIRED)
    assert living.world.kinds() == [LetterKind.EXPIRY_REMINDER] * 3
    assert {letter.number for letter in living.world.letters} == {1, 2, 3}
    assert living.actions()[-1] == "certificate_expired"


def living_until(living: Living, days: int) -> timedelta:
    """How long until so many days, and not quite a minute less, are left of two years."""
    return TWO_YEARS - living.ahead - timedelta(days=days) + timedelta(minutes=1)


async def test_overdue_reminders_collapse_into_one(live: Live) -> None:
    living: Living = await live(life=timedelta(days=5))
    await living.until(lambda _: len(living.world.letters) == 1)
    assert (await living.until(lambda status: status.reminded == 3)).stage is CertificateStage.VALID
    await living.pass_time(timedelta(days=6))
    await living.end()
    assert [letter.number for letter in living.world.letters] == [3]


async def test_of_reminders_that_no_mail_server_took_the_last_one_goes_out(live: Live) -> None:
    soon = timedelta(days=20, minutes=2)
    living: Living = await live(life=soon, world=World(away={"send_mail"}))
    await living.until(lambda status: status.reminded == 1 and "send_mail" in living.world.calls)
    await living.pass_time(timedelta(minutes=3))
    await living.until(lambda status: status.reminded == 2)
    living.world.away.clear()
    await living.until(lambda _: bool(living.world.letters))
    await living.tell(Revoke())
    await living.end()
    assert [letter.number for letter in living.world.letters if letter.generation] == [2]


async def test_subscriber_and_agent_are_reminded_each_with_their_own_link(live: Live) -> None:
    living: Living = await live(life=timedelta(days=25), applicant=Applicant.AGENT)
    await living.until(lambda _: len(living.world.letters) == 2)
    links = {(letter.to, letter.recipient, letter.generation) for letter in living.world.letters}
    assert links == {
        ("taro.takahashi@example.jp", Applicant.PRINCIPAL, RENEWAL_BY_PRINCIPAL),
        ("hanako.sato@example.jp", Applicant.AGENT, RENEWAL_BY_APPLICANT),
    }


async def test_a_successor_stops_the_reminders_and_nothing_else(live: Live) -> None:
    living: Living = await live(life=timedelta(days=25), world=World(away={"send_mail"}))
    await living.until(lambda status: status.reminded == 1 and "send_mail" in living.world.calls)
    assert (await living.tell(Renewed(serial="ab"))).verdict is Verdict.ACCEPTED
    assert (await living.tell(Renewed(serial="ab"))).verdict is Verdict.REPEATED
    living.world.away.clear()
    await living.pass_time(timedelta(days=16))
    assert (await living.until(lambda _: True)).renewed_by == "ab"
    assert living.world.letters == []
    assert (await living.tell(Revoke(reason=RevocationReason.SUPERSEDED))).verdict is Verdict.ACCEPTED
    end = await living.end()
    assert (end.stage, end.reason) == (CertificateStage.REVOKED, RevocationReason.SUPERSEDED)


async def test_two_years_with_an_unused_link_a_reminder_and_a_successor(live: Live) -> None:
    living: Living = await live()
    await living.pass_time(timedelta(days=365))
    await living.tell(RequestRevocation())
    until = (await living.until(lambda status: status.link_until is not None)).link_until
    assert until is not None
    await living.pass_time(timedelta(days=4))
    late = await living.tell(Revoke(generation=1, by="principal"))
    assert (late.verdict, late.stage) == (Verdict.TOO_LATE, CertificateStage.VALID)
    await living.pass_time(living_until(living, 30))
    await living.until(lambda status: status.reminded == 1)
    await living.pass_time(timedelta(days=5))
    assert (await living.tell(Renewed(serial="ab"))).verdict is Verdict.ACCEPTED
    await living.pass_time(timedelta(days=26))
    assert await living.end() == CertificateEnd(stage=CertificateStage.EXPIRED)
    assert living.world.kinds() == [LetterKind.REVOCATION_LINK, LetterKind.EXPIRY_REMINDER]
    assert living.actions() == [
        "request_revocation",
        "revocation_link",
        "revoke",
        "reminded",
        "renewed",
        "certificate_expired",
    ]


async def test_a_revocation_goes_to_the_ca_the_service_and_everybody_concerned(live: Live) -> None:
    living: Living = await live(applicant=Applicant.AGENT)
    await living.pass_time(timedelta(days=300))
    press = Revoke(message_id="press", reason=RevocationReason.KEY_COMPROMISE, by="operator:sato")
    assert (await living.tell(press)).verdict is Verdict.ACCEPTED
    end = await living.end()
    assert (end.stage, end.reason) == (CertificateStage.REVOKED, RevocationReason.KEY_COMPROMISE)
    first, *others = [call for call in living.world.calls if call != "record_certificate"]
    assert first == "revoke_certificate"
    assert sorted(others) == ["remove_certificate", "send_mail", "send_mail"]
    assert {letter.to for letter in living.world.letters} == {
        "taro.takahashi@example.jp",
        "hanako.sato@example.jp",
    }
    assert {letter.revocation_reason for letter in living.world.letters} == {end.reason}
    assert all(letter.revoked_at is not None for letter in living.world.letters)
    assert living.actions() == ["revoke", "certificate_revoked", "certificate_removed"]


async def test_revoking_twice_is_once(live: Live) -> None:
    living: Living = await live(world=World(away={"revoke_certificate"}))
    press = Revoke(message_id="press", reason=RevocationReason.KEY_COMPROMISE)
    assert (await living.tell(press)).verdict is Verdict.ACCEPTED
    assert (await living.tell(press)).verdict is Verdict.ACCEPTED
    again = Revoke(message_id="another", reason=RevocationReason.UNSPECIFIED)
    assert (await living.tell(again)).verdict is Verdict.REPEATED
    assert (await living.tell(RequestRevocation())).verdict is Verdict.TOO_LATE
    living.world.away.clear()
    assert (await living.end()).reason is RevocationReason.KEY_COMPROMISE
    assert living.world.calls.count("remove_certificate") == 1


@pytest.mark.parametrize("counterpart", ["revoke_certificate", "remove_certificate", "send_mail"])
async def test_a_counterpart_that_is_away_delays_a_revocation_and_loses_nothing(
    live: Live, counterpart: str
) -> None:
    living: Living = await live(world=World(away={counterpart}))
    await living.tell(Revoke())
    await living.until(lambda _: counterpart in living.world.calls)
    await living.pass_time(timedelta(minutes=5))
    assert living.world.calls.count(counterpart) > 5
    assert await living.has_no_last_attempt(), "a week is not too long"
    living.world.away.clear()
    assert (await living.end()).stage is CertificateStage.REVOKED
    assert living.world.kinds() == [LetterKind.REVOKED]


async def test_people_are_told_of_a_revocation_while_the_service_is_away(live: Live) -> None:
    living: Living = await live(world=World(away={"remove_certificate"}), applicant=Applicant.AGENT)
    await living.tell(Revoke())
    await living.until(lambda _: len(living.world.letters) == 2)
    assert living.world.kinds() == [LetterKind.REVOKED] * 2
    assert "certificate_removed" not in living.actions()
    living.world.away.clear()
    await living.end()
    assert living.actions()[-1] == "certificate_removed"
    assert len(living.world.letters) == 2


async def test_a_link_that_the_mail_server_took_late_has_its_whole_period(live: Live) -> None:
    period = timedelta(minutes=2)
    living: Living = await live(world=World(away={"send_mail"}), link_period=period)
    await living.tell(RequestRevocation())
    await living.until(lambda _: "send_mail" in living.world.calls)
    await living.pass_time(timedelta(minutes=4))
    assert (await living.until(lambda status: status.generation == 1)).link_until is None
    living.world.away.clear()
    status = await living.until(lambda status: status.link_until is not None)
    assert status.link_until is not None
    assert status.link_until > living.now() + period / 2
    press = Revoke(generation=1, by="principal")
    assert (await living.tell(press, at=status.link_until)).verdict is Verdict.ACCEPTED
    await living.end()


async def test_a_mailed_link_is_good_for_three_days_and_dies_with_the_next(live: Live) -> None:
    living: Living = await live()
    asked = RequestRevocation(reason=RevocationReason.AFFILIATION_CHANGED, language=Language.EN)
    await living.tell(asked)
    first = await living.until(lambda status: status.link_until is not None)
    assert first.link_until is not None
    assert abs(first.link_until - living.now() - timedelta(days=3)) < timedelta(minutes=1)
    letter = living.world.letters[0]
    assert (letter.kind, letter.generation, letter.to, letter.language, letter.principal_name) == (
        LetterKind.REVOCATION_LINK,
        1,
        "taro.takahashi@example.jp",
        Language.EN,
        "Taro Takahashi",
    )
    await living.tell(asked)
    second = await living.until(lambda status: status.generation == 2 and status.link_until is not None)
    by_first = await living.tell(Revoke(generation=1, by="principal"))
    assert by_first.verdict is Verdict.TOO_LATE
    assert second.link_until is not None
    late = await living.tell(
        Revoke(generation=2, by="principal"), at=second.link_until + timedelta(seconds=1)
    )
    assert late.verdict is Verdict.TOO_LATE
    in_time = await living.tell(Revoke(generation=2, by="principal"), at=second.link_until)
    assert in_time.verdict is Verdict.ACCEPTED
    await living.end()
    standing = living.world.certificate_records[-1].standing
    assert (standing.generation, standing.requested_reason) == (2, RevocationReason.AFFILIATION_CHANGED)


async def test_a_press_that_came_after_the_end_is_too_late_and_one_before_is_not(live: Live) -> None:
    living: Living = await live(life=timedelta(hours=1))
    end = (await living.until(lambda _: True)).not_after
    late = await living.tell(Revoke(), at=end + timedelta(seconds=1))
    assert late.verdict is Verdict.TOO_LATE
    assert (await living.tell(Revoke(), at=end)).verdict is Verdict.ACCEPTED
    assert (await living.end()).stage is CertificateStage.REVOKED


async def test_cancelling_the_run_leaves_the_certificate_as_it_is(live: Live) -> None:
    living: Living = await live()
    await living.handle.cancel()
    await living.until(lambda _: "cancel_ignored" in living.actions())
    assert (await living.tell(Revoke())).verdict is Verdict.ACCEPTED
    assert (await living.end()).stage is CertificateStage.REVOKED


async def test_an_operator_may_revoke_by_hand_without_ids_and_times(live: Live) -> None:
    living: Living = await live()
    await living.handle.signal("revoke", {"reason": "keyCompromise"})
    assert (await living.end()).reason is RevocationReason.KEY_COMPROMISE
    (entry,) = [entry for entry in living.entries() if entry.action == "revoke"]
    assert (entry.actor, entry.facts["via"]) == ("operator", "temporal")


# --- beside its enrolment


def certificate_of(enrolling: Enrolling) -> WorkflowHandle[Certificate, CertificateEnd]:
    """The run of the certificate that an enrolment got."""
    serial = enrolling.world.records[-1].details.serial
    assert serial is not None
    return enrolling.environment.client.get_workflow_handle_for(Certificate.run, certificate_id(serial))


async def installing(enrolling: Enrolling) -> WorkflowHandle[Certificate, CertificateEnd]:
    """Take an enrolment to where its installation is tried in vain."""
    await submit(enrolling)
    await enrolling.until(lambda _: "install_certificate" in enrolling.world.calls)
    return certificate_of(enrolling)


@pytest.mark.parametrize(
    "world", [{"away": {"install_certificate"}}, {"refuses": {"install_certificate": "x"}}]
)
async def test_a_revocation_while_the_installation_waits_ends_the_enrolment_as_issued_and_revoked(
    enrol: StartEnrolment, world: dict[str, Any]
) -> None:
    enrolling = await enrol(world=World(**world))
    certificate = await installing(enrolling)
    if "refuses" in world:
        await parked(enrolling, Attention.INSTALLATION_REFUSED)
    await certificate.signal("revoke", Revoke(reason=RevocationReason.SUPERSEDED))
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.ISSUED, Outcome.REVOKED)
    assert (await certificate.result()).stage is CertificateStage.REVOKED
    calls = enrolling.world.calls
    assert calls.index("remove_certificate") < calls.index("delete_credential")
    assert LetterKind.ISSUED not in enrolling.world.kinds()
    assert enrolling.world.kinds()[-1] is LetterKind.REVOKED
    assert enrolling.world.ticket_effects() == ["consume"]


async def test_giving_up_an_installation_revokes_what_was_issued(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(refuses={"install_certificate": "conflict"}))
    certificate = await installing(enrolling)
    await parked(enrolling, Attention.INSTALLATION_REFUSED)
    await enrolling.tell(GiveUp())
    assert (await enrolling.end()).outcome is Outcome.GIVEN_UP
    end = await certificate.result()
    assert (end.stage, end.reason) == (CertificateStage.REVOKED, RevocationReason.CESSATION_OF_OPERATION)
    assert "delete_credential" in enrolling.world.calls


async def test_a_new_certificate_tells_the_ones_that_it_follows(enrol: StartEnrolment, live: Live) -> None:
    older: Living = await live()
    serial = older.handle.id.removeprefix("certificate-")
    enrolling = await enrol(world=World(kin=Kin(predecessors=[serial, "00ff"])))
    await submit(enrolling)
    assert (await enrolling.end()).outcome is Outcome.INSTALLED
    status = await older.until(lambda status: status.renewed_by is not None)
    assert status.renewed_by == enrolling.world.records[-1].details.serial
    assert status.stage is CertificateStage.VALID


async def test_a_run_that_was_reset_does_not_install_what_is_revoked(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(kin=Kin(revoked=True)))
    await submit(enrolling)
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.ISSUED, Outcome.REVOKED)
    assert "install_certificate" not in enrolling.world.calls
