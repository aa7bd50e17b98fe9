"""What operators read in the Temporal UI: where a run stands, and what they can do about it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.registration import Registration
from domain.revocation import RevocationReason
from domain.stage import Applicant, Attention, Language, Outcome, Stage, Verdict
from domain.workflow_ids import retention_id
from engine.signals import SIGNALS
from tests.workflows.conftest import PERIODS, StartEnrolment, application
from tests.workflows.record_histories import agent
from tests.workflows.test_certificate import begin
from workflows import wording
from workflows.life import Life
from workflows.messages import (
    CertificateStart,
    EnrolmentStart,
    GiveUp,
    Message,
    Renewed,
    Resume,
    Revoke,
    Withdraw,
)
from workflows.state import State
from workflows.verdicts import verdict_on

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
JST = "2026-11-24 12:00 JST"
MESSAGES = {name: kind for kind, name in SIGNALS.items()}
OFFER = re.compile(r"`([a-z_]+)`(?: `(\{.*\})`)?(?: → run `([a-z0-9-]+)`)?$", re.MULTILINE)
PARKED = set(Attention) - {Attention.REVIEW_OVERDUE, Attention.MAIL_REFUSED}


def state_at(stage: Stage, applicant: Applicant = Applicant.AGENT, **changes: Any) -> State:
    """An enrolment at a stage, with everything that the stage takes for granted."""
    registration = Registration(
        applicant=applicant,
        company_code="leo-sign",
        ticket_number="14f75199c-82f4-419b-8041-5f8631cb488ep",
        email="hanako.sato@example.jp",
    )
    start = EnrolmentStart(
        reference="0123456789ABC",
        tenant="leopalace",
        registration=registration,
        language=Language.JA,
        received_at=NOW,
        review="operator",
        periods=PERIODS,
    )
    state = State(start=start, since=NOW, stage=stage, application=application(applicant))
    state.link.opened_at = state.approval_link.opened_at = NOW
    state.serial = "0a1b" if stage is Stage.INSTALLING else None
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def life(**changes: Any) -> Life:
    """A certificate's life."""
    start = CertificateStart(serial="0a1b", reference="0123456789ABC", tenant="leopalace", not_after=NOW)
    return Life(start=start, since=NOW - timedelta(days=365), **changes)


def offered(details: str) -> list[Message]:
    """What the details say that one can send to this run."""
    acts = details.partition("What you can do")[2]
    found = OFFER.findall(acts)
    assert len(found) == acts.count("\n- ")
    return [MESSAGES[name].model_validate(_typed(text)) for name, text, run in found if not run]


def _typed(text: str) -> dict[str, str]:
    """What somebody types in place of what the example leaves open."""
    fields: dict[str, str] = json.loads(text or "{}")
    return fields | ({"email": "taro@example.jp"} if "email" in fields else {})


STATES = [
    *(state_at(stage) for stage in Stage),
    *(state_at(stage, Applicant.PRINCIPAL) for stage in (Stage.REGISTERED, Stage.APPLYING, Stage.IN_REVIEW)),
    *(state_at(stage, attention=Attention.MAIL_REFUSED) for stage in (Stage.REGISTERED, Stage.APPLYING)),
    state_at(Stage.AWAITING_APPROVAL, attention=Attention.MAIL_REFUSED),
    state_at(Stage.IN_REVIEW, attention=Attention.REVIEW_OVERDUE),
    state_at(Stage.ISSUING, ordered=True, order_id="0123456789ABC-1"),
    *(state_at(Stage.ISSUING, attention=attention) for attention in PARKED),
    *(state_at(Stage.ISSUING, attention=attention, ordered=True) for attention in PARKED),
    state_at(Stage.INSTALLING, attention=Attention.INSTALLATION_REFUSED, ordered=True),
    state_at(Stage.REGISTERED, withdrawal=Withdraw()),
]


@pytest.mark.parametrize(
    "state", STATES, ids=lambda state: f"{state.stage}-{state.attention}-{state.ordered}"
)
def test_whatever_is_offered_would_be_accepted(state: State) -> None:
    details = wording.details(state)
    for message in offered(details):
        assert verdict_on(state, message, NOW) is Verdict.ACCEPTED, message
    assert f"- 段階 / stage: `{state.stage}`" in details
    assert f"- 開始 / since: {JST}" in details


@pytest.mark.parametrize(
    "state", STATES, ids=lambda state: f"{state.stage}-{state.attention}-{state.ordered}"
)
def test_a_parked_run_offers_both_ways_on_and_no_other_does(state: State) -> None:
    kinds = {type(message) for message in offered(wording.details(state))}
    assert (kinds & {Resume, GiveUp} == {Resume, GiveUp}) is state.parked


def test_what_is_wrong_is_said_with_its_code() -> None:
    state = state_at(Stage.ISSUING, attention=Attention.CERTIFICATE_REFUSED, problem="order_refused")
    assert "⚠ 認証局の証明書が申請と一致しないか、認証局が拒否しました" in wording.details(state)
    assert "(`order_refused`)" in wording.details(state)


def test_contents_that_no_certificate_can_have_are_nothing_to_ask_the_service_about() -> None:
    refused = Attention.CERTIFICATION_REQUEST_REFUSED
    details = wording.details(state_at(Stage.ISSUING, attention=refused, problem="contents_refused"))
    assert "have the applicant register again (`contents_refused`)" in details


def test_a_deadline_is_said_in_japans_time() -> None:
    assert "- 期限 / until: 2026-11-27 12:00 JST" in wording.details(state_at(Stage.REGISTERED))
    assert "until" not in wording.details(state_at(Stage.IN_REVIEW))


def test_while_counterparts_are_asked_nothing_has_to_be_done() -> None:
    assert "Nothing has to be done" in wording.details(state_at(Stage.REGISTERED, withdrawal=Withdraw()))
    being_revoked = life(revocation=Revoke(reason=RevocationReason.SUPERSEDED))
    assert "Nothing has to be done" in wording.details_of_certificate(being_revoked)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.ended])
def test_an_end_says_how_and_offers_nothing(stage: Stage) -> None:
    details = wording.details(state_at(stage, outcome=Outcome.GIVEN_UP))
    assert f"`{stage}` (`given_up`)" in details
    assert "What you can do" not in details


def test_while_it_is_installed_the_certificates_own_run_is_named() -> None:
    details = wording.details(state_at(Stage.INSTALLING, ordered=True))
    [(name, text, run)] = OFFER.findall(details.partition("What you can do")[2])
    assert (name, run) == ("revoke", "certificate-0a1b")
    assert Revoke.model_validate_json(text).reason is RevocationReason.KEY_COMPROMISE


def test_a_certificate_can_be_revoked_until_it_is() -> None:
    valid = life(renewed_by="0c2d")
    [message] = offered(wording.details_of_certificate(valid))
    assert valid.verdict_on(message, NOW) is Verdict.ACCEPTED
    assert "`0c2d`" in wording.details_of_certificate(valid)
    assert offered(wording.details_of_certificate(life(revocation=Revoke()))) == []


def test_summaries_name_nobody() -> None:
    start = state_at(Stage.REGISTERED).start
    assert wording.summary_of_retention(start).endswith("retention of personal data · 0123456789ABC")
    for applicant, kind in ((Applicant.AGENT, "by an agent"), (Applicant.PRINCIPAL, "principal's own")):
        summary = wording.summary_of_certificate(life().start.model_copy(update={"applicant": applicant}))
        assert kind in summary
        assert summary.startswith("leopalace · ")


async def test_every_activity_timer_and_run_that_an_enrolment_starts_says_what_it_is_for(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol(Applicant.AGENT, review="operator")
    await agent(enrolling)
    await enrolling.end()
    kinds = await _all_named(enrolling.handle)
    assert kinds == {"activity_task_scheduled", "timer_started", "marker_recorded", "start_child_workflow"}


async def test_so_does_everything_that_a_certificate_and_a_retention_start(
    enrol: StartEnrolment, environment: WorkflowEnvironment
) -> None:
    living, worker = await begin(environment, timedelta(days=25))
    async with worker:
        await living.until(lambda _: len(living.world.letters) == 1)
        await living.tell(Renewed(serial="ab"))
        await living.tell(Revoke())
        await living.end()
    assert await _all_named(living.handle) == {"activity_task_scheduled", "timer_started", "marker_recorded"}
    gone = await enrol(periods=PERIODS.model_copy(update={"retention": timedelta(seconds=1)}))
    await gone.with_link()
    await gone.tell(Withdraw())
    await gone.end()
    reference = gone.handle.id.removeprefix("enrolment-")
    retention = environment.client.get_workflow_handle(retention_id(reference))
    await retention.result()
    assert await _all_named(retention) == {"activity_task_scheduled", "timer_started"}
    assert await (await retention.describe()).static_summary() == wording.summary_of_retention(
        state_at(Stage.REGISTERED).start.model_copy(update={"reference": reference})
    )


async def test_every_signal_and_query_of_a_run_says_what_it_is_for_and_the_details_are_there_at_once(
    enrol: StartEnrolment, environment: WorkflowEnvironment
) -> None:
    enrolling = await enrol()
    metadata = await _metadata(enrolling.handle)
    assert "段階 / stage: `registered`" in metadata.current_details
    described = {each.name: each.description for each in metadata.definition.signal_definitions}
    living, worker = await begin(environment, timedelta(days=25))
    async with worker:
        metadata = await _metadata(living.handle)
        described |= {each.name: each.description for each in metadata.definition.signal_definitions}
        assert "`revoke`" in metadata.current_details
        await living.tell(Revoke())
        await living.end()
    assert described.keys() == MESSAGES.keys()
    assert all(" / " in description for description in described.values())
    await enrolling.tell(Withdraw())
    await enrolling.end()


async def test_what_can_be_typed_into_the_ui_is_what_the_signals_descriptions_show(
    enrol: StartEnrolment,
) -> None:
    enrolling = await enrol()
    definition = (await _metadata(enrolling.handle)).definition
    for each in definition.signal_definitions:
        shown = re.search(r"\{.*\}$", each.description)
        if shown:
            first = {name: text.partition("|")[0] for name, text in _typed(shown[0]).items()}
            MESSAGES[each.name].model_validate(first)
    await enrolling.tell(Withdraw())
    await enrolling.end()


async def _metadata(handle: WorkflowHandle[Any, Any]) -> WorkflowMetadata:
    metadata: WorkflowMetadata = await handle.query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata


async def _all_named(handle: WorkflowHandle[Any, Any]) -> set[str]:
    """The kinds of what a run has started; fails for one without a summary."""
    named = [event for event in (await handle.fetch_history()).events if _starts(event)]
    assert [event for event in named if not event.user_metadata.summary.data] == []
    return {_starts(event) for event in named}


def _starts(event: HistoryEvent) -> str:
    """What an event starts for which somebody has to say what it is for; empty for any other."""
    kind = str(event.WhichOneof("attributes")).removesuffix("_event_attributes")
    if kind == "start_child_workflow_execution_initiated":
        return "start_child_workflow"
    return kind if kind in {"activity_task_scheduled", "timer_started", "marker_recorded"} else ""
