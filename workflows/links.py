"""The mailed links of an enrolment: the applicant's own, and the principal's for an agent's application."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.stage import Attention, Stage
    from mailing.letter import Letter, Posted
    from workflows import letters
    from workflows.messages import LinkPurpose
    from workflows.office import Office
    from workflows.state import Link, State


class Links:
    """Mails links, and opens their period when the mail server takes them."""

    def __init__(self, state: State, office: Office) -> None:
        """Serve one enrolment."""
        self._state = state
        self._office = office

    def mail_applications(self) -> None:
        """Mail the link to the application form, of the present generation."""
        self._mail(self._state.link, letters.application_link(self._state))

    def mail_approvals(self) -> None:
        """Mail the principal a link of a new generation."""
        self._state.approval_link.renew()
        self._mail(self._state.approval_link, letters.approval_request(self._state))

    def renew(self, purpose: LinkPurpose | None) -> None:
        """Mail a new link of the purpose, or of what the stage is about; the one before dies."""
        state = self._state
        if state.attention is Attention.MAIL_REFUSED:
            state.attention = state.problem = None
        if state.stage is Stage.AWAITING_APPROVAL and purpose != "status":
            self.mail_approvals()
        elif state.stage in {Stage.REGISTERED, Stage.APPLYING}:
            state.link.renew()
            self.mail_applications()
        else:
            state.link.renew()
            self._office.post(letters.status_link(state))

    def _mail(self, link: Link, letter: Letter) -> None:
        def opened(posted: Posted) -> None:
            if letter.generation != link.generation:
                return
            link.opened_at = posted.accepted_at or workflow.now()
            link.refused = posted.refusal is not None
            if link.refused:
                # It waits for an operator, or a resent link.
                self._state.attention, self._state.problem = Attention.MAIL_REFUSED, posted.refusal
            self._office.note(
                "link_refused" if posted.refusal else "link_mailed",
                kind=letter.kind,
                generation=letter.generation,
                refusal=posted.refusal,
            )

        self._office.drop_links()
        self._office.post(letter, opened)
