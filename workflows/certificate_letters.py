"""Which letter a certificate's life owes to whom."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.link_token import RENEWAL_BY_APPLICANT, RENEWAL_BY_PRINCIPAL
    from domain.stage import Applicant, Language
    from mailing.letter import Letter, LetterKind
    from workflows.letters import facts_of_application
    from workflows.life import Life


def revocation_link(life: Life) -> list[Letter]:
    """The link with which the person whom the certificate names confirms its revocation."""
    generation = life.link.generation
    language = life.asked.language if life.asked else None
    asked = {} if language is None else {"language": language}
    return _to_principal(
        life, LetterKind.REVOCATION_LINK, generation, generation=generation, **asked, **_reason(life)
    )


def revoked(life: Life) -> list[Letter]:
    """The notices that it is revoked: to the subscriber, and to the agent if there was one."""
    facts = {"revoked_at": life.revoked_at, **_reason(life)}
    return [
        *_to_principal(life, LetterKind.REVOKED, 1, **facts),
        *_to_agent(life, LetterKind.REVOKED, 1, **facts),
    ]


def expiry_reminders(life: Life, number: int) -> list[Letter]:
    """The reminders that it ends soon, each with a link that begins the renewal. `number` counts from 1."""
    own = RENEWAL_BY_PRINCIPAL if _is_agents(life) else RENEWAL_BY_APPLICANT
    kind = LetterKind.EXPIRY_REMINDER
    return [
        *_to_principal(life, kind, number, generation=own),
        *_to_agent(life, kind, number, generation=RENEWAL_BY_APPLICANT),
    ]


def _is_agents(life: Life) -> bool:
    return life.start.applicant is Applicant.AGENT


def _reason(life: Life) -> dict[str, object]:
    reason = life.reason or (life.asked and life.asked.reason)
    return {"revocation_reason": reason}


def _to_principal(life: Life, kind: LetterKind, number: int, **more: object) -> list[Letter]:
    application = life.start.application
    if application is None:
        return []
    return [_letter(life, kind, number, application.email, Applicant.PRINCIPAL, more)]


def _to_agent(life: Life, kind: LetterKind, number: int, **more: object) -> list[Letter]:
    if not _is_agents(life) or life.start.email is None:
        return []
    return [_letter(life, kind, number, life.start.email, Applicant.AGENT, more)]


def _letter(
    life: Life, kind: LetterKind, number: int, to: str, recipient: Applicant, more: dict[str, object]
) -> Letter:
    start = life.start
    facts: dict[str, object] = {
        "reference": start.reference,
        "tenant": start.tenant,
        "language": start.language,
        "kind": kind,
        "number": number,
        "to": to,
        "recipient": recipient,
        "ticket_number": start.ticket_number,
        "applicant": start.applicant,
        "period": start.link_period,
        "serial": start.serial,
        "not_after": start.not_after,
    }
    if start.application is not None:
        facts |= facts_of_application(start.application, Language(str(more.get("language", start.language))))
    return Letter.model_validate(facts | more)
