"""Deadlines: to the second, by when the front received a message, whoever was down meanwhile."""

import asyncio
from datetime import timedelta

from domain.stage import Applicant, ApprovalDecision, Outcome, Stage, Verdict
from mailing.letter import LetterKind
from tests.workflows.conftest import PERIODS, Enrolling, StartEnrolment, application
from tests.workflows.world import World
from workflows.messages import (
    CorrectPrincipal,
    DecideApproval,
    RedeemLink,
    ResendLink,
    SubmitApplication,
)

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def to_awaiting_approval(enrolling: Enrolling) -> None:
    """Let the agent apply, and the principal's mail go out."""
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.with_link()


async def test_a_link_that_nobody_presses_expires_and_frees_the_ticket(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    await enrolling.pass_time(PERIODS.link + MINUTE)
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.EXPIRED, Outcome.LINK_EXPIRED)
    assert enrolling.world.ticket_effects() == ["release"]
    assert enrolling.world.kinds() == [LetterKind.APPLICATION_LINK, LetterKind.EXPIRED]


async def test_a_link_is_good_until_its_last_second(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    until = (await enrolling.with_link()).until
    assert until is not None
    await enrolling.pass_time(PERIODS.link - HOUR)
    late = await enrolling.tell(RedeemLink(generation=1), at=until + SECOND)
    assert late.verdict is Verdict.TOO_LATE
    good = await enrolling.tell(RedeemLink(generation=1), at=until)
    assert good.verdict is Verdict.ACCEPTED


async def test_a_worker_that_was_down_across_the_deadline_lets_only_the_press_in_time_win(
    start_enrolment: StartEnrolment,
) -> None:
    moment = PERIODS.model_copy(update={"link": SECOND})
    pressed, missed = await start_enrolment(periods=moment), await start_enrolment(periods=moment)
    async with pressed.worker(), missed.worker():
        good, late = (await pressed.with_link()).until, (await missed.with_link()).until
    assert good is not None
    assert late is not None
    await pressed.send(RedeemLink(message_id="press", generation=1), at=good)
    await missed.send(RedeemLink(message_id="press", generation=1), at=late + SECOND)
    await pressed.timer_fired()
    await missed.timer_fired()
    async with pressed.worker(), missed.worker():
        assert (await pressed.at(Stage.APPLYING)).redeemed_generation == 1
        assert (await missed.end()).outcome is Outcome.LINK_EXPIRED


async def test_a_press_before_the_first_worker_is_not_lost(start_enrolment: StartEnrolment) -> None:
    enrolling = await start_enrolment()
    await enrolling.send(RedeemLink(message_id="press", generation=1), at=enrolling.now())
    async with enrolling.worker():
        assert (await enrolling.at(Stage.APPLYING)).redeemed_generation == 1


async def test_a_new_link_gets_the_full_period_and_kills_the_old_one(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    await enrolling.pass_time(2 * DAY)
    await enrolling.tell(ResendLink())
    renewed = await enrolling.until(lambda status: status.generation == 2 and status.until is not None)
    assert renewed.until is not None
    assert renewed.until - enrolling.now() > PERIODS.link - MINUTE
    assert (await enrolling.tell(RedeemLink(generation=1))).verdict is Verdict.TOO_LATE
    assert (await enrolling.tell(RedeemLink(generation=2))).verdict is Verdict.ACCEPTED


async def test_while_the_mail_server_is_away_no_period_runs(enrol: StartEnrolment) -> None:
    moment = PERIODS.model_copy(update={"link": SECOND})
    enrolling = await enrol(world=World(away={"send_mail"}), periods=moment)
    await enrolling.until(lambda _: enrolling.world.calls.count("send_mail") == 3)
    waiting = await enrolling.status()
    assert (waiting.stage, waiting.until) == (Stage.REGISTERED, None)
    enrolling.world.away.clear()
    until = (await enrolling.with_link()).until
    assert until is not None
    assert (await enrolling.tell(RedeemLink(generation=1), at=until)).verdict is Verdict.ACCEPTED


async def test_an_application_not_submitted_expires(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    await enrolling.pass_time(PERIODS.link - HOUR)
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.pass_time(PERIODS.application - HOUR)
    assert (await enrolling.status()).stage is Stage.APPLYING
    await enrolling.pass_time(2 * HOUR)
    assert (await enrolling.end()).outcome is Outcome.APPLICATION_EXPIRED


async def test_the_principal_is_reminded_twice_and_then_it_expires(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_awaiting_approval(enrolling)
    await enrolling.pass_time(3 * DAY + MINUTE)
    await enrolling.pass_time(4 * DAY)
    await enrolling.pass_time(6 * DAY)
    assert enrolling.world.kinds().count(LetterKind.APPROVAL_REMINDER) == 2
    assert (await enrolling.status()).stage is Stage.AWAITING_APPROVAL
    await enrolling.pass_time(1 * DAY + HOUR)
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.EXPIRED, Outcome.APPROVAL_EXPIRED)
    assert enrolling.world.kinds().count(LetterKind.EXPIRED) == 2
    assert enrolling.world.ticket_effects() == ["release"]


async def test_reminders_that_nobody_could_send_are_one_when_the_worker_is_back(
    start_enrolment: StartEnrolment,
) -> None:
    fourteen = PERIODS.model_copy(update={"approval": timedelta(seconds=14)})
    enrolling = await start_enrolment(Applicant.AGENT, periods=fourteen)
    async with enrolling.worker():
        await to_awaiting_approval(enrolling)
    # Past both reminders, before the end: without a worker the run's clock cannot be put forward.
    await asyncio.sleep(8)
    async with enrolling.worker():
        await enrolling.until(lambda _: LetterKind.EXPIRED in enrolling.world.kinds())
    (reminder,) = [each for each in enrolling.world.letters if each.kind is LetterKind.APPROVAL_REMINDER]
    assert reminder.period == fourteen.approval


async def test_nobody_is_reminded_of_what_they_have_decided(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_awaiting_approval(enrolling)
    enrolling.world.away.add("send_mail")
    tried = enrolling.world.calls.count("send_mail")
    await enrolling.pass_time(3 * DAY + MINUTE)
    await enrolling.until(lambda _: enrolling.world.calls.count("send_mail") > tried)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
    enrolling.world.away.clear()
    assert (await enrolling.end()).outcome is Outcome.INSTALLED
    assert LetterKind.APPROVAL_REMINDER not in enrolling.world.kinds()


async def test_a_resubmission_needs_the_approval_again_with_fourteen_days_anew(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_awaiting_approval(enrolling)
    await enrolling.pass_time(10 * DAY)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.RETURN, reason="名前が違います", round=1))
    returned = await enrolling.until(lambda s: s.stage is Stage.APPLYING and s.until is not None)
    assert returned.generation == 2
    assert LetterKind.APPLICATION_RETURNED in enrolling.world.kinds()

    await enrolling.tell(RedeemLink(generation=2))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    waiting = await enrolling.until(lambda s: s.stage is Stage.AWAITING_APPROVAL and s.until is not None)
    assert waiting.approval_round == 2
    assert waiting.until is not None
    assert waiting.until - enrolling.now() > PERIODS.approval - MINUTE
    old = await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
    assert old.verdict is Verdict.TOO_LATE
    new = await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=2))
    assert new.verdict is Verdict.ACCEPTED
    assert (await enrolling.end()).outcome is Outcome.INSTALLED


async def test_correcting_the_principals_address_mails_a_new_link_and_kills_the_old_one(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_awaiting_approval(enrolling)
    await enrolling.tell(CorrectPrincipal(email="t.takahashi@example.jp"))
    await enrolling.until(lambda status: status.approval_round == 2 and status.until is not None)
    assert enrolling.world.letters[-1].to == "t.takahashi@example.jp"
    old = await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
    assert old.verdict is Verdict.TOO_LATE


async def test_a_review_has_no_end_but_asks_for_attention_after_five_days(enrol: StartEnrolment) -> None:
    enrolling = await enrol(review="operator")
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application()))
    await enrolling.at(Stage.IN_REVIEW)
    await enrolling.pass_time(PERIODS.review_patience + MINUTE)
    await enrolling.pass_time(60 * DAY)
    assert (await enrolling.status()).stage is Stage.IN_REVIEW
    assert enrolling.world.actions().count("review_overdue") == 1
    assert enrolling.world.records[-1].standing.attention == "review_overdue"
