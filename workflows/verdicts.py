"""The table of stages and messages: the verdict on each message, given where the enrolment stands.

Pure: nothing is changed here. A deadline is compared with when the front received the message, never with the
order of arrival.
"""

from datetime import datetime

from domain.stage import Stage, Verdict
from workflows.messages import (
    CertificateIssued,
    CorrectPrincipal,
    DecideApproval,
    DecideReview,
    GiveUp,
    LinkPurpose,
    Message,
    RedeemLink,
    ResendLink,
    Resume,
    SubmitApplication,
    Withdraw,
)
from workflows.state import Link, State

ACCEPTED, REPEATED, TOO_LATE, NOT_NOW, CONTRARY = (
    Verdict.ACCEPTED,
    Verdict.REPEATED,
    Verdict.TOO_LATE,
    Verdict.NOT_NOW,
    Verdict.CONTRARY,
)
_WITH_APPLICANT = frozenset({Stage.REGISTERED, Stage.APPLYING})
_ORDER_OF_STAGES = list(Stage)


def verdict_on(state: State, message: Message, at: datetime) -> Verdict:
    """Give the verdict on a message that the front received at a moment."""
    if state.stage.ended:
        return TOO_LATE
    if state.withdrawal is not None:
        return REPEATED if isinstance(message, Withdraw) else TOO_LATE
    match message:
        case RedeemLink():
            return _redeem(state, message, at)
        case ResendLink():
            return TOO_LATE if state.expired(at) else ACCEPTED
        case SubmitApplication():
            return _submit(state, at)
        case Withdraw():
            return _withdraw(state, at)
        case DecideApproval():
            return _approve(state, message, at)
        case DecideReview():
            return _review(state, message)
        case CorrectPrincipal():
            return _correct(state, message, at)
        case CertificateIssued():
            expected = state.stage is Stage.ISSUING and message.order_id == state.order_id
            return ACCEPTED if expected else NOT_NOW
        case Resume() | GiveUp():
            return ACCEPTED if state.parked else NOT_NOW
        case _:
            return NOT_NOW


def link_of(state: State, purpose: LinkPurpose) -> Link:
    """Give the link of a purpose: the applicant's own (application, status) or the principal's."""
    return state.approval_link if purpose == "approval" else state.link


def _redeem(state: State, message: RedeemLink, at: datetime) -> Verdict:
    link = link_of(state, message.purpose)
    if message.generation != link.generation:
        return TOO_LATE
    if message.generation == link.redeemed:
        return REPEATED
    return TOO_LATE if state.expired(at) else ACCEPTED


def _submit(state: State, at: datetime) -> Verdict:
    match state.stage:
        case Stage.REGISTERED:
            return NOT_NOW
        case Stage.APPLYING if state.submitted:
            return REPEATED
        case Stage.APPLYING:
            return TOO_LATE if state.expired(at) else ACCEPTED
        case _:
            return REPEATED


def _withdraw(state: State, at: datetime) -> Verdict:
    if state.ordered or state.expired(at):
        return TOO_LATE
    return ACCEPTED


def _approve(state: State, message: DecideApproval, at: datetime) -> Verdict:
    if state.stage in _WITH_APPLICANT or not state.is_agents:
        return NOT_NOW
    if state.approval is not None:
        return REPEATED if state.approval.decision is message.decision else CONTRARY
    if message.round is not None and message.round != state.approval_link.generation:
        return TOO_LATE
    return TOO_LATE if state.expired(at) else ACCEPTED


def _review(state: State, message: DecideReview) -> Verdict:
    if state.review is not None:
        return REPEATED if state.review.decision is message.decision else CONTRARY
    if _before(state, Stage.IN_REVIEW):
        return NOT_NOW
    return ACCEPTED if state.stage is Stage.IN_REVIEW else CONTRARY


def _correct(state: State, message: CorrectPrincipal, at: datetime) -> Verdict:
    if _before(state, Stage.AWAITING_APPROVAL) or not state.is_agents:
        return NOT_NOW
    if state.stage is not Stage.AWAITING_APPROVAL or state.approval is not None:
        return TOO_LATE
    if message.email.lower() == state.email.lower():
        return NOT_NOW
    return TOO_LATE if state.expired(at) else ACCEPTED


def _before(state: State, stage: Stage) -> bool:
    return _ORDER_OF_STAGES.index(state.stage) < _ORDER_OF_STAGES.index(stage)
