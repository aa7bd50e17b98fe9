"""Which letter an enrolment owes to whom, out of its state."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.application import Application
    from domain.link_token import Purpose
    from domain.stage import Applicant, Language, Outcome, Stage
    from mailing.letter import Letter, LetterKind
    from workflows.state import State

_NOTICE_OF_END = {
    Stage.ISSUED: LetterKind.ISSUED,
    Stage.EXPIRED: LetterKind.EXPIRED,
    Stage.REFUSED: LetterKind.APPROVAL_REFUSED,
    Stage.REJECTED: LetterKind.REJECTED,
    Stage.WITHDRAWN: LetterKind.WITHDRAWN,
}


def application_link(state: State) -> Letter:
    """The applicant's link to the form; with the reason on top if it was sent back."""
    kind = LetterKind.APPLICATION_LINK if state.returned_by is None else LetterKind.APPLICATION_RETURNED
    generation = state.link.generation
    return to_applicant(state, kind, generation, generation=generation, **_returned(state))


def status_link(state: State) -> Letter:
    """The applicant's link to the status page."""
    generation = state.link.generation
    return to_applicant(state, LetterKind.STATUS_LINK, generation, generation=generation)


def approval_request(state: State) -> Letter:
    """The principal's link to approve what an agent applied for."""
    generation = state.approval_link.generation
    return to_principal(state, LetterKind.APPROVAL_REQUEST, generation, generation=generation)


def approval_reminder(state: State, number: int) -> Letter:
    """The same link once more. `number` counts the reminders of this link."""
    generation = state.approval_link.generation
    return to_principal(
        state,
        LetterKind.APPROVAL_REMINDER,
        generation * 10 + number,
        generation=generation,
        until=state.until,
    )


def approval_given(state: State) -> list[Letter]:
    """What both are told when the principal has approved an agent's application."""
    number = state.approval_link.generation
    kind = LetterKind.APPROVAL_GIVEN
    return [to_applicant(state, kind, number), to_principal(state, kind, number)]


def returned_notice(state: State) -> Letter:
    """What the principal is told when an agent's application goes back to the agent."""
    number = state.approval_link.generation
    return to_principal(state, LetterKind.APPLICATION_RETURNED, number, **_returned(state))


def notices_of_end(state: State) -> list[Letter]:
    """What everybody concerned is told at the end: the applicant, and an agent's principal who was asked."""
    kind = _kind_of_end(state)
    facts: dict[str, object] = {"reason": _reason_of_end(state), "ticket_used": state.ticket_consumed}
    letters = [to_applicant(state, kind, 1, **facts)]
    if state.is_agents and state.approval_link.generation > 0:
        letters.append(to_principal(state, kind, 1, **facts))
    return letters


def to_applicant(state: State, kind: LetterKind, number: int, **more: object) -> Letter:
    """A letter to the registered address."""
    applicant = state.start.registration.applicant
    return _letter(state, kind, number, state.email, applicant, more)


def to_principal(state: State, kind: LetterKind, number: int, **more: object) -> Letter:
    """A letter to the person whom the certificate will name, of an agent's application."""
    if state.application is None:
        raise ValueError("nobody is named yet")
    return _letter(state, kind, number, state.application.email, Applicant.PRINCIPAL, more)


def _letter(
    state: State, kind: LetterKind, number: int, to: str, recipient: Applicant, more: dict[str, object]
) -> Letter:
    facts: dict[str, object] = {
        "reference": state.start.reference,
        "tenant": state.start.tenant,
        "language": state.start.language,
        "kind": kind,
        "number": number,
        "to": to,
        "recipient": recipient,
        "ticket_number": state.start.registration.ticket_number,
        "applicant": state.start.registration.applicant,
        "serial": state.serial,
        "not_after": state.not_after,
    }
    if "generation" in more:
        periods = state.start.periods
        facts["period"] = periods.approval if kind.purpose is Purpose.APPROVAL else periods.link
    if state.application is not None:
        facts |= facts_of_application(state.application, state.start.language)
    return Letter.model_validate(facts | more)


def facts_of_application(application: Application, language: Language) -> dict[str, object]:
    """What a letter may say of the person whom the certificate names."""
    subject = application.subject
    in_japanese = f"{application.family_name} {application.given_name}"
    return {
        "principal_name": in_japanese if language is Language.JA else subject.common_name,
        "agent_name": application.agent_name,
        "agent_company": application.agent_company,
        "subject_facts": subject.model_dump()
        | {"common_name": subject.common_name, "validity_years": str(application.validity_years)},
    }


def _returned(state: State) -> dict[str, object]:
    if state.returned_by is None:
        return {}
    decided_by = "lra" if state.returned_by == "reviewer" else "principal"
    return {"reason": state.return_reason, "decided_by": decided_by}


def _kind_of_end(state: State) -> LetterKind:
    if state.organisation is None:
        return LetterKind.TICKET_TAKEN
    return LetterKind.GIVEN_UP if state.outcome is Outcome.GIVEN_UP else _NOTICE_OF_END[state.stage]


def _reason_of_end(state: State) -> str | None:
    match state.outcome:
        case Outcome.REFUSED_BY_PRINCIPAL:
            return state.approval.reason if state.approval else None
        case Outcome.REJECTED_BY_REVIEWER:
            return state.review.reason if state.review else None
        case _:
            return None
