"""The table of stages and messages: the verdict on each message, given where the enrolment stands.

Pure: nothing is changed here. A deadline is compared with when the front received the message, never with the
order of arrival.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.stage import Stage, Verdict
from workflows.messages import (
    CertificateIssued,
    CertificateRevoked,
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
_ORDER_OF_STAGES = list(Stage)


def verdict_on(state: State, message: Message, at: datetime) -> Verdict:
    """Give the verdict on a message that the front received at a moment."""
    if state.stage.ended:
        return TOO_LATE
    if state.withdrawal is not None:
        return REPEATED if isinstance(message, Withdraw) else TOO_LATE
    return _RULES[type(message)](state, message, at)


def link_of(state: State, purpose: LinkPurpose) -> Link:
    """Give the link of a purpose: the applicant's own (application, status) or the principal's."""
    return state.approval_link if purpose == "approval" else state.link


def _redeem(state: State, message: RedeemLink, at: datetime) -> Verdict:
    link = link_of(state, message.purpose)
    if message.generation != link.generation:
        return TOO_LATE
    return REPEATED if message.generation == link.redeemed else _in_time(state, at)


def _resend(state: State, _: ResendLink, at: datetime) -> Verdict:
    return _in_time(state, at)


def _submit(state: State, _: SubmitApplication, at: datetime) -> Verdict:
    if state.submitted:
        return REPEATED
    # Right behind the press, before the story has come to the next stage: as after a reset.
    pressed = state.stage is not Stage.REGISTERED or state.redeemed_at is not None
    # One that was sent back is corrected where it was filled in as well: nobody has to press the new link.
    return _in_time(state, at) if pressed else NOT_NOW


def _withdraw(state: State, _: Withdraw, at: datetime) -> Verdict:
    return TOO_LATE if state.ordered else _in_time(state, at)


def _approve(state: State, message: DecideApproval, at: datetime) -> Verdict:
    if not state.is_agents or _before(state, Stage.AWAITING_APPROVAL):
        return NOT_NOW
    if state.approval is not None:
        return REPEATED if state.approval.decision is message.decision else CONTRARY
    if message.round is not None and message.round != state.approval_link.generation:
        return TOO_LATE
    return _in_time(state, at)


def _review(state: State, message: DecideReview, _: datetime) -> Verdict:
    if _before(state, Stage.IN_REVIEW):
        return NOT_NOW
    if state.review is not None:
        return REPEATED if state.review.decision is message.decision else CONTRARY
    return ACCEPTED


def _correct(state: State, message: CorrectPrincipal, at: datetime) -> Verdict:
    # The agent's own address would make the agent approve the agent's application.
    if not state.is_agents or _before(state, Stage.AWAITING_APPROVAL) or _same(message.email, state.email):
        return NOT_NOW
    decided = state.stage is not Stage.AWAITING_APPROVAL or state.approval is not None
    return TOO_LATE if decided else _in_time(state, at)


def _issued(state: State, message: CertificateIssued, _: datetime) -> Verdict:
    expected = state.stage is Stage.ISSUING and message.order_id == state.order_id
    return ACCEPTED if expected else NOT_NOW


def _revoked(state: State, message: CertificateRevoked, _: datetime) -> Verdict:
    if state.revocation is not None:
        return REPEATED
    return ACCEPTED if message.serial == state.serial else NOT_NOW


def _unpark(state: State, _: Resume | GiveUp, __: datetime) -> Verdict:
    return ACCEPTED if state.parked else NOT_NOW


_RULES: dict[type[Message], Callable[[State, Any, datetime], Verdict]] = {
    RedeemLink: _redeem,
    ResendLink: _resend,
    SubmitApplication: _submit,
    Withdraw: _withdraw,
    DecideApproval: _approve,
    DecideReview: _review,
    CorrectPrincipal: _correct,
    CertificateIssued: _issued,
    CertificateRevoked: _revoked,
    Resume: _unpark,
    GiveUp: _unpark,
}


def _in_time(state: State, at: datetime) -> Verdict:
    return TOO_LATE if state.expired(at) else ACCEPTED


def _before(state: State, stage: Stage) -> bool:
    return _ORDER_OF_STAGES.index(state.stage) < _ORDER_OF_STAGES.index(stage)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
