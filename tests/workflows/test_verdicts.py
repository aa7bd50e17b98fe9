"""The table of stages and messages, cell by cell: the verdict on each message at each stage."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.registration import Registration
from domain.stage import Applicant, ApprovalDecision, Attention, Language, ReviewDecision, Stage, Verdict
from tests.workflows.conftest import PERIODS, application
from workflows.messages import (
    CertificateIssued,
    CorrectPrincipal,
    DecideApproval,
    DecideReview,
    EnrolmentStart,
    GiveUp,
    Message,
    RedeemLink,
    ResendLink,
    Resume,
    SubmitApplication,
    Withdraw,
)
from workflows.state import Link, State
from workflows.verdicts import verdict_on

MAILED = datetime(2026, 11, 24, 1, 24, tzinfo=UTC)
IN_TIME = MAILED + timedelta(hours=1)
APPROVE, REFUSE = ApprovalDecision.APPROVE, ApprovalDecision.REFUSE
PASS, REJECT = ReviewDecision.APPROVE, ReviewDecision.REJECT

ACCEPTED, REPEATED, TOO_LATE, NOT_NOW, CONTRARY = (
    Verdict.ACCEPTED,
    Verdict.REPEATED,
    Verdict.TOO_LATE,
    Verdict.NOT_NOW,
    Verdict.CONTRARY,
)


def agents_enrolment(stage: str) -> State:
    """An agent's enrolment as it is when it has just come to a stage ("ordered" is issuing, once ordered)."""
    registration = Registration(
        applicant=Applicant.AGENT,
        company_code="leo-sign",
        ticket_number="14f75199c-82f4-419b-8041-5f8631cb488ep",
        email="hanako.sato@example.jp",
    )
    start = EnrolmentStart(
        reference="0123456789ABC",
        tenant="leopalace",
        registration=registration,
        language=Language.JA,
        received_at=MAILED,
        review="operator",
        periods=PERIODS,
    )
    state = State(start=start, since=MAILED, link=Link(generation=1, opened_at=MAILED))
    order = ["registered", "applying", "awaiting_approval", "in_review", "issuing", "ordered", "installing"]
    reached = order.index(stage) if stage in order else len(order)
    if reached >= 1:
        state.link.redeemed, state.redeemed_at = 1, MAILED
    if reached >= 2:
        state.application, state.submitted = application(Applicant.AGENT), True
        state.approval_link = Link(generation=1, opened_at=MAILED)
    if reached >= 3:
        state.approval = DecideApproval(decision=APPROVE)
    if reached >= 4:
        state.review = DecideReview(decision=PASS)
    if reached >= 5:
        state.ordered, state.order_id = True, "0123456789ABC-1"
    state.stage = Stage.ISSUING if stage == "ordered" else Stage(stage)
    return state


STAGES = ("registered", "applying", "awaiting_approval", "in_review", "issuing", "ordered", "installing")
ENDS = ("issued", "expired", "refused", "rejected", "withdrawn")
ENDED = (TOO_LATE,) * len(ENDS)

TABLE: dict[str, tuple[Message, tuple[Verdict, ...]]] = {
    "redeem the newest link": (
        RedeemLink(generation=1),
        (ACCEPTED, REPEATED, REPEATED, REPEATED, REPEATED, REPEATED, REPEATED),
    ),
    "redeem a superseded link": (RedeemLink(generation=0), (TOO_LATE,) * 7),
    "redeem the principal's link": (
        RedeemLink(generation=1, purpose="approval"),
        (TOO_LATE, TOO_LATE, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED),
    ),
    "ask for a new link": (ResendLink(), (ACCEPTED,) * 7),
    "submit": (
        SubmitApplication(application=application(Applicant.AGENT)),
        (NOT_NOW, REPEATED, REPEATED, REPEATED, REPEATED, REPEATED, REPEATED),
    ),
    "withdraw": (
        Withdraw(),
        (ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, TOO_LATE, TOO_LATE),
    ),
    "approve": (
        DecideApproval(decision=APPROVE, round=1),
        (NOT_NOW, NOT_NOW, ACCEPTED, REPEATED, REPEATED, REPEATED, REPEATED),
    ),
    "refuse": (
        DecideApproval(decision=REFUSE, round=1),
        (NOT_NOW, NOT_NOW, ACCEPTED, CONTRARY, CONTRARY, CONTRARY, CONTRARY),
    ),
    "approve through a superseded link": (
        DecideApproval(decision=APPROVE, round=0),
        (NOT_NOW, NOT_NOW, TOO_LATE, REPEATED, REPEATED, REPEATED, REPEATED),
    ),
    "pass the review": (
        DecideReview(decision=PASS),
        (NOT_NOW, NOT_NOW, NOT_NOW, ACCEPTED, REPEATED, REPEATED, REPEATED),
    ),
    "reject in review": (
        DecideReview(decision=REJECT),
        (NOT_NOW, NOT_NOW, NOT_NOW, ACCEPTED, CONTRARY, CONTRARY, CONTRARY),
    ),
    "correct the principal's address": (
        CorrectPrincipal(email="taro@example.jp"),
        (NOT_NOW, NOT_NOW, ACCEPTED, TOO_LATE, TOO_LATE, TOO_LATE, TOO_LATE),
    ),
    "correct it to the agent's own": (
        CorrectPrincipal(email="Hanako.Sato@example.jp"),
        (NOT_NOW,) * 7,
    ),
    "certificate issued": (
        CertificateIssued(order_id="0123456789ABC-1"),
        (NOT_NOW, NOT_NOW, NOT_NOW, NOT_NOW, NOT_NOW, ACCEPTED, NOT_NOW),
    ),
    "certificate issued for another order": (CertificateIssued(order_id="0123456789ABC-2"), (NOT_NOW,) * 7),
    "resume what is not parked": (Resume(), (NOT_NOW,) * 7),
    "give up what is not parked": (GiveUp(), (NOT_NOW,) * 7),
}


@pytest.mark.parametrize(
    ("message", "stage", "verdict"),
    [
        pytest.param(message, stage, verdict, id=f"{name}: {stage}")
        for name, (message, verdicts) in TABLE.items()
        for stage, verdict in zip(STAGES + ENDS, verdicts + ENDED, strict=True)
    ],
)
def test_every_cell_of_the_table(message: Message, stage: str, verdict: Verdict) -> None:
    state = agents_enrolment(stage)
    if isinstance(message, SubmitApplication) and stage == "applying":
        state.submitted = True
    assert verdict_on(state, message, IN_TIME) is verdict


def test_the_form_is_taken_once() -> None:
    state = agents_enrolment("applying")
    submit = SubmitApplication(application=application(Applicant.AGENT))
    assert verdict_on(state, submit, IN_TIME) is ACCEPTED
    state.submitted = True
    assert verdict_on(state, submit, IN_TIME) is REPEATED


def test_what_was_sent_back_is_taken_before_the_new_link_is_pressed() -> None:
    state = agents_enrolment("applying")
    state.link.renew()
    state.redeemed_at = None
    submit = SubmitApplication(application=application(Applicant.AGENT))
    assert verdict_on(state, submit, IN_TIME) is ACCEPTED


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("registered", RedeemLink(generation=1)),
        ("registered", ResendLink()),
        ("registered", Withdraw()),
        ("applying", SubmitApplication(application=application(Applicant.AGENT))),
        ("applying", Withdraw()),
        ("awaiting_approval", DecideApproval(decision=APPROVE, round=1)),
        ("awaiting_approval", CorrectPrincipal(email="taro@example.jp")),
        ("awaiting_approval", Withdraw()),
    ],
)
def test_a_deadline_counts_to_the_second(stage: str, message: Message) -> None:
    state = agents_enrolment(stage)
    deadline = state.until
    assert deadline is not None
    assert verdict_on(state, message, deadline) is ACCEPTED
    assert verdict_on(state, message, deadline + timedelta(seconds=1)) is TOO_LATE


@pytest.mark.parametrize("stage", ["registered", "applying", "awaiting_approval"])
def test_no_period_runs_before_the_mail_server_has_taken_the_mail(stage: str) -> None:
    state = agents_enrolment(stage)
    state.link.opened_at = state.approval_link.opened_at = None
    assert state.until is None
    assert verdict_on(state, Withdraw(), MAILED + timedelta(days=365)) is ACCEPTED


def test_a_refused_link_waits_for_an_operator_as_long_as_a_link_lives() -> None:
    state = agents_enrolment("awaiting_approval")
    assert state.until == MAILED + PERIODS.approval
    state.approval_link.refused = True
    assert state.until == MAILED + PERIODS.link


def test_the_application_has_a_day_or_the_links_rest_whichever_is_later() -> None:
    state = agents_enrolment("applying")
    assert state.until == MAILED + PERIODS.link
    state.redeemed_at = MAILED + PERIODS.link - timedelta(minutes=1)
    assert state.until == state.redeemed_at + PERIODS.application


def test_a_principals_enrolment_has_nothing_to_approve() -> None:
    state = agents_enrolment("in_review")
    registration = state.start.registration.model_copy(update={"applicant": Applicant.PRINCIPAL})
    state.start = state.start.model_copy(update={"registration": registration})
    assert verdict_on(state, DecideApproval(decision=APPROVE), IN_TIME) is NOT_NOW


def test_after_a_withdrawal_only_the_withdrawal_repeats() -> None:
    state = agents_enrolment("in_review")
    state.withdrawal = Withdraw()
    assert verdict_on(state, Withdraw(), IN_TIME) is REPEATED
    assert verdict_on(state, DecideReview(decision=PASS), IN_TIME) is TOO_LATE


@pytest.mark.parametrize("attention", [each for each in Attention if each is not Attention.REVIEW_OVERDUE])
def test_a_parked_run_is_resumed_or_given_up(attention: Attention) -> None:
    state = agents_enrolment("issuing")
    state.attention = attention
    assert verdict_on(state, Resume(), IN_TIME) is ACCEPTED
    assert verdict_on(state, GiveUp(), IN_TIME) is ACCEPTED


def test_an_overdue_review_is_decided_not_resumed() -> None:
    state = agents_enrolment("in_review")
    state.attention = Attention.REVIEW_OVERDUE
    assert verdict_on(state, Resume(), IN_TIME) is NOT_NOW
    assert verdict_on(state, DecideReview(decision=PASS), IN_TIME) is ACCEPTED
