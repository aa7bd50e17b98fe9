"""Clocks that differ: the front's, which stamps the messages, is five minutes away from the engine's."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.stage import Applicant, ApprovalDecision, Outcome, Stage, Verdict
from mailing.letter import LetterKind
from tests.workflows.conftest import PERIODS, StartEnrolment, application
from tests.workflows.world import World
from workflows.enrolment import ANSWER_TIME
from workflows.messages import DecideApproval, RedeemLink, SubmitApplication

APART = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)

fast_or_slow = pytest.mark.parametrize("front", [APART, -APART], ids=["front-fast", "front-slow"])


@fast_or_slow
async def test_an_agents_enrolment_goes_all_the_way(enrol: StartEnrolment, front: timedelta) -> None:
    enrolling = await enrol(Applicant.AGENT, received_at=datetime.now(UTC) + front)
    await enrolling.with_link()
    for message, stage in (
        (RedeemLink(generation=1), Stage.APPLYING),
        (SubmitApplication(application=application(Applicant.AGENT)), Stage.AWAITING_APPROVAL),
        (DecideApproval(decision=ApprovalDecision.APPROVE, round=1), None),
    ):
        answer = await enrolling.tell(message, at=enrolling.now() + front)
        assert answer.verdict is Verdict.ACCEPTED
        if stage is not None:
            await enrolling.at(stage)
            await enrolling.with_link()
    assert (await enrolling.end()).outcome is Outcome.INSTALLED


@fast_or_slow
async def test_a_link_expires_when_its_period_is_over_by_the_engines_clock(
    enrol: StartEnrolment, front: timedelta
) -> None:
    enrolling = await enrol(received_at=datetime.now(UTC) + front)
    until = (await enrolling.with_link()).until
    assert until is not None
    assert abs(until - enrolling.now() - PERIODS.link) < MINUTE
    await enrolling.pass_time(PERIODS.link + MINUTE)
    assert (await enrolling.end()).outcome is Outcome.LINK_EXPIRED


@fast_or_slow
async def test_who_lost_the_race_while_no_page_waited_is_told_by_mail(
    start_enrolment: StartEnrolment, front: timedelta
) -> None:
    world, received_at = World(ticket_refusal=Outcome.TICKET_TAKEN), datetime.now(UTC) + front
    enrolling = await start_enrolment(world=world, received_at=received_at)
    # Nobody skips time as long as a run waits for a worker.
    await enrolling.pass_time(ANSWER_TIME + timedelta(seconds=1))
    async with enrolling.worker():
        await enrolling.end()
    assert enrolling.world.kinds() == [LetterKind.TICKET_TAKEN]
