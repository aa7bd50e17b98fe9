"""What of an enrolment's state is written down for others to read, and told to who asks."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.stage import Verdict
    from records.enrolments import Details, Standing
    from workflows.messages import StatusAnswer
    from workflows.state import State


def standing_of(state: State) -> Standing:
    """Give the part of the read model that names nobody."""
    return Standing(
        reference=state.start.reference,
        tenant=state.start.tenant,
        applicant=state.start.registration.applicant,
        language=state.start.language,
        stage=state.stage,
        since=state.since,
        until=state.until,
        attention=state.attention,
        outcome=state.outcome,
        generation=state.link.generation,
        redeemed_generation=state.link.redeemed,
        approval_round=state.approval_link.generation,
        ordered=state.ordered,
        registered_at=state.start.received_at,
        run_id=workflow.info().run_id,
        revision=state.revision,
    )


def details_of(state: State) -> Details:
    """Give the part of the read model that is personal."""
    organisation = state.organisation
    return Details(
        email=state.email,
        ticket_number=state.start.registration.ticket_number,
        corporate_number=organisation.corporate_number if organisation else "",
        company_name=organisation.company_name if organisation else "",
        company_name_latin=organisation.company_name_latin if organisation else "",
        application=state.application,
        return_reason=state.return_reason,
        returned_by=state.returned_by,
        serial=state.serial,
        not_after=state.not_after,
        renews=state.start.renews,
    )


def answer_of(state: State, verdict: Verdict | None) -> StatusAnswer:
    """Give the answer to the query `status`."""
    return StatusAnswer(
        verdict=verdict,
        stage=state.stage,
        outcome=state.outcome,
        since=state.since,
        until=state.until,
        applicant=state.start.registration.applicant,
        generation=state.link.generation,
        redeemed_generation=state.link.redeemed,
        approval_round=state.approval_link.generation,
        ordered=state.ordered,
    )
