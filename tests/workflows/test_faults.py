"""Counterparts that are away or refuse, operators who cancel and reset."""

import asyncio
from datetime import timedelta

import pytest

from domain.stage import Applicant, ApprovalDecision, Attention, Outcome, ReviewDecision, Stage, Verdict
from mailing.letter import LetterKind
from tests.workflows.conftest import Enrolling, StartEnrolment, application
from tests.workflows.world import World
from workflows.messages import (
    CertificateIssued,
    DecideApproval,
    DecideReview,
    GiveUp,
    RedeemLink,
    ResendLink,
    Resume,
    SubmitApplication,
    Withdraw,
)

MINUTE = timedelta(minutes=1)


async def submit(enrolling: Enrolling) -> None:
    """Take a principal's enrolment to the submitted application."""
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application()))


async def parked(enrolling: Enrolling, attention: Attention) -> None:
    """Wait until the run is parked for a reason, and that is written down."""
    await enrolling.until(
        lambda _: (
            bool(enrolling.world.records) and enrolling.world.records[-1].standing.attention is attention
        )
    )


COUNTERPARTS = (
    "reserve_ticket",
    "send_mail",
    "create_credential",
    "check_request",
    "order_certificate",
    "install_certificate",
)


async def test_counterparts_that_are_away_delay_and_lose_nothing(enrol: StartEnrolment) -> None:
    async def go_through(counterpart: str) -> Enrolling:
        enrolling = await enrol(world=World(away={counterpart}))
        came_back = asyncio.create_task(back_after_failures(enrolling, counterpart))
        await submit(enrolling)
        assert (await enrolling.end()).outcome is Outcome.INSTALLED
        await came_back
        return enrolling

    for enrolling in await asyncio.gather(*map(go_through, COUNTERPARTS)):
        assert enrolling.world.ticket_effects() == ["consume"]


async def back_after_failures(enrolling: Enrolling, counterpart: str) -> None:
    """Let a counterpart come back after it was asked three times in vain."""
    await enrolling.until(lambda _: enrolling.world.calls.count(counterpart) >= 3)
    enrolling.world.away.clear()


async def test_a_certificate_that_takes_a_week_is_asked_for_slowly_and_fetched(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(issued=False))
    await submit(enrolling)
    await enrolling.until(lambda status: status.ordered)
    await enrolling.pass_time(timedelta(hours=3))
    assert 5 <= enrolling.world.calls.count("fetch_certificate") <= 15
    enrolling.world.issued = True
    await enrolling.pass_time(timedelta(minutes=31))
    assert (await enrolling.end()).outcome is Outcome.INSTALLED


async def test_nothing_is_given_up_after_any_time(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await submit(enrolling)
    await enrolling.end()
    for event in (await enrolling.handle.fetch_history()).events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled = event.activity_task_scheduled_event_attributes
            assert scheduled.schedule_to_close_timeout.ToTimedelta() == timedelta(0)
            assert scheduled.retry_policy.maximum_attempts == 0
            assert scheduled.retry_policy.non_retryable_error_types == []


@pytest.mark.parametrize(
    ("step", "attention"),
    [
        ("create_credential", Attention.CERTIFICATION_REQUEST_REFUSED),
        ("check_request", Attention.CERTIFICATION_REQUEST_REFUSED),
        ("order_certificate", Attention.CERTIFICATE_REFUSED),
        ("fetch_certificate", Attention.CERTIFICATE_REFUSED),
        ("install_certificate", Attention.INSTALLATION_REFUSED),
    ],
)
async def test_wrong_data_park_the_run_until_it_is_resumed(
    enrol: StartEnrolment, step: str, attention: Attention
) -> None:
    enrolling = await enrol(world=World(refuses={step: "wrong"}))
    await submit(enrolling)
    await parked(enrolling, attention)
    enrolling.world.refuses.clear()
    assert (await enrolling.tell(Resume())).verdict is Verdict.ACCEPTED
    assert (await enrolling.end()).outcome is Outcome.INSTALLED
    if attention is not Attention.INSTALLATION_REFUSED and step != "create_credential":
        assert "delete_credential" in enrolling.world.calls, "a new round begins with a new key"


async def test_a_parked_run_given_up_frees_ticket_and_key(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(refuses={"check_request": "weak_key"}))
    await submit(enrolling)
    await parked(enrolling, Attention.CERTIFICATION_REQUEST_REFUSED)
    await enrolling.tell(GiveUp())
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.REJECTED, Outcome.GIVEN_UP)
    assert enrolling.world.ticket_effects() == ["release"]
    assert "delete_credential" in enrolling.world.calls
    told = enrolling.world.letters[-1]
    assert (told.kind, told.reason, told.ticket_used) == (LetterKind.GIVEN_UP, None, False)


async def test_what_is_given_up_after_the_ca_accepted_the_order_has_used_the_ticket_up(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(world=World(refuses={"fetch_certificate": "wrong"}))
    await submit(enrolling)
    await parked(enrolling, Attention.CERTIFICATE_REFUSED)
    await enrolling.tell(GiveUp())
    assert (await enrolling.end()).outcome is Outcome.GIVEN_UP
    assert enrolling.world.ticket_effects() == ["consume"]
    assert enrolling.world.letters[-1].ticket_used
    entries = [entry for record in enrolling.world.records for entry in record.entries]
    facts = next(entry.facts for entry in entries if entry.action == "parked")
    assert (facts["serial"], facts["findings"]) == ("5f", "jcan.unreadable")


async def test_a_refused_link_mail_parks_and_a_new_link_goes_on(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(refuses={"send_mail": "550"}))
    await parked(enrolling, Attention.MAIL_REFUSED)
    enrolling.world.refuses.clear()
    await enrolling.tell(ResendLink())
    await enrolling.until(lambda status: status.generation == 2 and bool(enrolling.world.letters))
    assert (await enrolling.tell(RedeemLink(generation=2))).verdict is Verdict.ACCEPTED
    await enrolling.until(lambda _: enrolling.world.records[-1].standing.attention is None)


async def test_a_refused_link_mail_expires_three_days_after(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(refuses={"send_mail": "550"}))
    await parked(enrolling, Attention.MAIL_REFUSED)
    await enrolling.pass_time(timedelta(days=3, minutes=1))
    assert (await enrolling.end()).outcome is Outcome.LINK_EXPIRED


async def test_what_a_reviewer_sent_back_is_corrected_in_the_browser_that_has_it(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(review="operator")
    await submit(enrolling)
    await enrolling.at(Stage.IN_REVIEW)
    await enrolling.tell(DecideReview(decision=ReviewDecision.RETURN, reason="会社名が違います"))
    await enrolling.at(Stage.APPLYING)
    answer = await enrolling.tell(SubmitApplication(application=application()))
    assert answer.verdict is Verdict.ACCEPTED
    await enrolling.at(Stage.IN_REVIEW)


async def test_a_refused_notice_is_written_down_and_skipped(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    enrolling.world.refuses["send_mail"] = "550"
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application()))
    assert (await enrolling.end()).outcome is Outcome.INSTALLED
    (refused,) = [
        entry
        for record in enrolling.world.records
        for entry in record.entries
        if entry.action == "notice_refused"
    ]
    assert refused.facts == {"kind": "issued", "recipient": "principal", "refusal": "550"}


async def test_a_full_mailbox_keeps_nobody_else_from_their_mail(enrol: StartEnrolment) -> None:
    principals = application(Applicant.AGENT).email
    enrolling = await enrol(Applicant.AGENT, world=World(full={principals}))
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.tell(ResendLink(purpose="status"))
    await enrolling.until(lambda _: LetterKind.STATUS_LINK in enrolling.world.kinds())
    assert LetterKind.APPROVAL_REQUEST not in enrolling.world.kinds()
    enrolling.world.full.clear()
    await enrolling.with_link()
    assert LetterKind.APPROVAL_REQUEST in enrolling.world.kinds()


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.TICKET_TAKEN,
        Outcome.TICKET_UNKNOWN,
        Outcome.TICKET_USED,
        Outcome.TICKET_CANCELLED,
        Outcome.TICKET_EXPIRED,
    ],
)
async def test_a_ticket_that_cannot_be_had_ends_it_without_a_mail_if_the_page_has_told(
    enrol: StartEnrolment, outcome: Outcome
) -> None:
    enrolling = await enrol(world=World(ticket_refusal=outcome))
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.REJECTED, outcome)
    assert enrolling.world.letters == []


async def test_registering_again_with_the_other_applicant_replaces_the_first(enrol: StartEnrolment) -> None:
    first = await enrol()
    await first.with_link()
    reference = first.handle.id.removeprefix("enrolment-")
    second = await enrol(Applicant.AGENT, world=World(replaced=reference))
    await second.with_link()
    end = await first.end()
    assert (end.stage, end.outcome) == (Stage.WITHDRAWN, Outcome.REPLACED)
    assert first.world.kinds() == [LetterKind.APPLICATION_LINK]


@pytest.mark.parametrize("stage", [Stage.REGISTERED, Stage.APPLYING, Stage.IN_REVIEW])
async def test_cancelling_in_temporal_withdraws(enrol: StartEnrolment, stage: Stage) -> None:
    enrolling = await enrol(review="operator")
    await enrolling.with_link()
    if stage is not Stage.REGISTERED:
        await enrolling.tell(RedeemLink(generation=1))
    if stage is Stage.IN_REVIEW:
        await enrolling.tell(SubmitApplication(application=application()))
    await enrolling.at(stage)
    await enrolling.handle.cancel()
    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.WITHDRAWN, Outcome.CANCELLED_BY_OPERATOR)
    assert enrolling.world.ticket_effects() == ["release"]
    assert enrolling.world.kinds()[-1] is LetterKind.WITHDRAWN


async def test_cancelling_what_is_ordered_changes_nothing(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(issued=False))
    await submit(enrolling)
    status = await enrolling.until(lambda status: status.ordered)
    await enrolling.handle.cancel()
    assert status.stage is Stage.ISSUING
    enrolling.world.issued = True
    reference = enrolling.handle.id.removeprefix("enrolment-")
    answer = await enrolling.tell(CertificateIssued(order_id=f"{reference}-1"))
    assert answer.verdict is Verdict.ACCEPTED
    assert (await enrolling.end()).outcome is Outcome.INSTALLED


async def test_withdrawing_while_the_econtract_service_is_away_ends_at_once_and_cleans_up_later(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(world=World(away={"create_credential"}))
    await submit(enrolling)
    await enrolling.until(lambda _: "create_credential" in enrolling.world.calls)
    assert (await enrolling.tell(Withdraw())).verdict is Verdict.ACCEPTED
    await enrolling.at(Stage.WITHDRAWN)
    enrolling.world.away.clear()
    assert (await enrolling.end()).outcome is Outcome.WITHDRAWN_BY_APPLICANT
    assert "delete_credential" in enrolling.world.calls


async def test_the_same_message_twice_has_one_effect_and_the_same_verdict(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    press = RedeemLink(message_id="press", generation=1)
    assert (await enrolling.tell(press)).verdict is Verdict.ACCEPTED
    assert (await enrolling.tell(press)).verdict is Verdict.ACCEPTED
    other = RedeemLink(message_id="another-browser", generation=1)
    assert (await enrolling.tell(other)).verdict is Verdict.REPEATED


async def test_of_two_contrary_decisions_the_first_wins_and_the_other_person_is_told(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(Applicant.AGENT, review="operator")
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.with_link()
    api = DecideApproval(decision=ApprovalDecision.APPROVE, via="api", decided_by="leo-sign")
    assert (await enrolling.tell(api)).verdict is Verdict.ACCEPTED
    link = DecideApproval(decision=ApprovalDecision.REFUSE, round=1)
    assert (await enrolling.tell(link)).verdict is Verdict.CONTRARY
    await enrolling.until(lambda _: LetterKind.CONTRARY_DECISION in enrolling.world.kinds())
    reject = DecideReview(decision=ReviewDecision.REJECT, reason="確認できません")
    assert (await enrolling.tell(reject)).verdict is Verdict.ACCEPTED
    assert (await enrolling.end()).outcome is Outcome.REJECTED_BY_REVIEWER


async def test_an_operator_may_send_a_decision_by_hand_without_ids_and_times(enrol: StartEnrolment) -> None:
    enrolling = await enrol(review="operator")
    await submit(enrolling)
    await enrolling.at(Stage.IN_REVIEW)
    await enrolling.handle.signal("decide_review", {"decision": "approve"})
    assert (await enrolling.end()).outcome is Outcome.INSTALLED
    entries = [entry for record in enrolling.world.records for entry in record.entries]
    [decision] = [entry for entry in entries if entry.action == "decide_review"]
    assert (decision.actor, decision.facts["via"]) == ("operator", "temporal")


async def test_an_application_for_another_organisation_goes_to_an_operator(enrol: StartEnrolment) -> None:
    enrolling = await enrol(review="auto")
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    other = application(company_name_latin="Another Corporation")
    await enrolling.tell(SubmitApplication(application=other))
    await enrolling.until(lambda _: LetterKind.APPLICATION_RECEIVED in enrolling.world.kinds())
    assert (await enrolling.status()).stage is Stage.IN_REVIEW


async def test_a_run_that_is_reset_writes_the_same_entries_and_ends_the_same_way(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol()
    await submit(enrolling)
    await enrolling.end()
    before = {entry.key for record in enrolling.world.records for entry in record.entries}
    history = await enrolling.handle.fetch_history()
    tasks = [e for e in history.events if e.HasField("workflow_task_completed_event_attributes")]
    again = await enrolling.reset_to(tasks[0].event_id)
    assert (await again.result()).outcome is Outcome.INSTALLED
    after = {entry.key for record in enrolling.world.records for entry in record.entries}
    assert {key for key in after - before if ".stage_" in key} == set()


async def test_messages_that_come_at_once_are_each_taken_after_the_step_that_the_one_before_led_to(
    start_enrolment: StartEnrolment,
) -> None:
    enrolling = await start_enrolment(applicant=Applicant.AGENT)
    async with enrolling.worker():
        await enrolling.with_link()
    # As when a worker dies that had written down what it did: people go on, and nothing is in the history.
    messages = (
        RedeemLink(message_id="press", generation=1),
        SubmitApplication(message_id="submit", application=application(Applicant.AGENT)),
        DecideApproval(message_id="decide", decision=ApprovalDecision.APPROVE, round=1),
    )
    for message in messages:
        await enrolling.send(message, at=enrolling.now())
    async with enrolling.worker():
        assert (await enrolling.end()).outcome is Outcome.INSTALLED


async def test_a_newer_link_takes_the_place_of_an_older_one_and_of_no_notice(enrol: StartEnrolment) -> None:
    enrolling = await enrol(applicant=Applicant.AGENT)
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.with_link()
    enrolling.world.away.add("send_mail")
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.RETURN, round=1, reason="x"))
    await enrolling.at(Stage.APPLYING)
    await enrolling.tell(RedeemLink(generation=2))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    enrolling.world.away.clear()
    await enrolling.with_link()
    told = [(letter.kind, letter.generation) for letter in enrolling.world.letters[2:]]
    assert told == [(LetterKind.APPLICATION_RETURNED, None), (LetterKind.APPROVAL_REQUEST, 2)]
