"""What the e-contract service is told of an enrolment: every stage, in order, until it has taken it."""

from domain.stage import Applicant, ApprovalDecision, Outcome, Stage
from tests.workflows.conftest import Enrolling, StartEnrolment, application
from tests.workflows.world import World
from workflows.messages import DecideApproval, RedeemLink, SubmitApplication, Withdraw


def stages(enrolling: Enrolling) -> list[Stage]:
    return [event.stage for event in enrolling.world.events]


async def to_approval(enrolling: Enrolling, generation: int = 1) -> None:
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=generation))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.with_link()


async def test_every_stage_is_told_in_order(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_approval(enrolling)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
    await enrolling.end()

    assert stages(enrolling) == [
        *(Stage.REGISTERED, Stage.APPLYING, Stage.AWAITING_APPROVAL, Stage.IN_REVIEW),
        *(Stage.ISSUING, Stage.INSTALLING, Stage.ISSUED),
    ]
    told = enrolling.world.events
    assert [event.sequence for event in told] == list(range(1, 8))
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert [event.outcome for event in told] == [None] * 6 + [Outcome.INSTALLED]
    assert told[4].serial is None
    assert told[5].serial == told[6].serial is not None


async def test_a_round_that_is_sent_back_is_told_again(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await to_approval(enrolling)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.RETURN, reason="姓", round=1))
    await enrolling.at(Stage.APPLYING)
    await to_approval(enrolling, generation=2)
    await enrolling.tell(DecideApproval(decision=ApprovalDecision.REFUSE, reason="不要", round=2))
    await enrolling.end()

    assert stages(enrolling) == [
        *(Stage.REGISTERED, Stage.APPLYING, Stage.AWAITING_APPROVAL),
        *(Stage.APPLYING, Stage.AWAITING_APPROVAL, Stage.REFUSED),
    ]
    assert len({event.event_id for event in enrolling.world.events}) == 6


async def test_a_registration_without_a_ticket_is_told_as_its_end(enrol: StartEnrolment) -> None:
    enrolling = await enrol(world=World(ticket_refusal=Outcome.TICKET_TAKEN))
    await enrolling.end()

    [event] = enrolling.world.events
    assert (event.stage, event.outcome, event.sequence) == (Stage.REJECTED, Outcome.TICKET_TAKEN, 1)


async def test_a_receiver_that_is_down_delays_nothing_but_the_runs_end(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    enrolling.world.away.add("deliver_event")
    await enrolling.with_link()
    await enrolling.tell(Withdraw())
    await enrolling.at(Stage.WITHDRAWN)
    await enrolling.until(lambda _: any(r.standing.stage is Stage.WITHDRAWN for r in enrolling.world.records))
    assert enrolling.world.ticket_effects() == ["release"], "an end is an end, whoever has heard of it"
    assert stages(enrolling) == []

    await enrolling.until(lambda _: enrolling.world.calls.count("deliver_event") >= 3)
    assert (await enrolling.status()).stage is Stage.WITHDRAWN
    enrolling.world.away.clear()
    await enrolling.end()

    assert stages(enrolling) == [Stage.REGISTERED, Stage.WITHDRAWN]


async def test_one_event_that_is_not_taken_holds_the_later_ones_back(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()
    await enrolling.until(lambda _: stages(enrolling) == [Stage.REGISTERED])
    enrolling.world.away.add("deliver_event")
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application()))
    await enrolling.at(Stage.ISSUED)
    assert stages(enrolling) == [Stage.REGISTERED]

    enrolling.world.away.clear()
    await enrolling.end()

    assert stages(enrolling) == [
        *(Stage.REGISTERED, Stage.APPLYING, Stage.IN_REVIEW),
        *(Stage.ISSUING, Stage.INSTALLING, Stage.ISSUED),
    ]


async def test_what_is_told_was_written_down_before(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    enrolling.world.away.add("record_standing")
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.until(lambda _: "record_standing" in enrolling.world.calls)
    assert stages(enrolling) in ([], [Stage.REGISTERED])
    assert Stage.APPLYING not in stages(enrolling)

    enrolling.world.away.clear()
    await enrolling.until(lambda _: Stage.APPLYING in stages(enrolling))
    assert Stage.APPLYING in [record.standing.stage for record in enrolling.world.records]
    await enrolling.tell(Withdraw())
    await enrolling.end()
