"""The story of an enrolment, top to bottom."""

from domain.stage import Applicant, ApprovalDecision, Outcome, Stage, Verdict
from mailing.letter import LetterKind
from tests.workflows.conftest import PERIODS, StartEnrolment, application
from workflows.messages import DecideApproval, RedeemLink, SubmitApplication


async def test_a_principal_gets_a_certificate(enrol: StartEnrolment) -> None:
    enrolling = await enrol()
    await enrolling.with_link()

    assert (await enrolling.tell(RedeemLink(generation=1))).verdict is Verdict.ACCEPTED
    answer = await enrolling.tell(SubmitApplication(application=application()))
    assert answer.verdict is Verdict.ACCEPTED

    end = await enrolling.end()
    assert (end.stage, end.outcome) == (Stage.ISSUED, Outcome.INSTALLED)
    assert enrolling.world.kinds() == [LetterKind.APPLICATION_LINK, LetterKind.ISSUED]
    assert enrolling.world.letters[0].period == PERIODS.link
    assert enrolling.world.ticket_effects() == ["consume"]


async def test_an_agents_application_needs_the_principals_approval(enrol: StartEnrolment) -> None:
    enrolling = await enrol(Applicant.AGENT)
    await enrolling.with_link()
    await enrolling.tell(RedeemLink(generation=1))
    await enrolling.tell(SubmitApplication(application=application(Applicant.AGENT)))
    await enrolling.at(Stage.AWAITING_APPROVAL)
    await enrolling.with_link()

    answer = await enrolling.tell(DecideApproval(decision=ApprovalDecision.APPROVE, round=1))
    assert answer.verdict is Verdict.ACCEPTED

    assert (await enrolling.end()).stage is Stage.ISSUED
    assert enrolling.world.kinds() == [
        LetterKind.APPLICATION_LINK,
        LetterKind.APPROVAL_REQUEST,
        LetterKind.APPROVAL_GIVEN,
        LetterKind.APPROVAL_GIVEN,
        LetterKind.ISSUED,
        LetterKind.ISSUED,
    ]
