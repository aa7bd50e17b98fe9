"""One enrolment from the first page to its end, told as its people go through it."""

from dataclasses import dataclass

from tests.chaos.office import REASON, Office
from tests.chaos.person import Person
from tests.chaos.plan import Decision, Walk
from tests.running.enrolling import ISSUED

REFUSED = "申請は承認されませんでした"


@dataclass
class Enrolled:
    """One enrolment of a run, for those who look afterwards: `failure` says what its people got stuck at."""

    walk: Walk
    reference: str
    ticket: str
    email: str
    principal: str
    failure: str = ""


async def walk_through(walk: Walk, applicant: Person, principal: Person, office: Office) -> None:
    """Enrol as the walk says, until the status page shows the end."""
    await applicant.open()
    principal.reference = applicant.reference
    both = {"email": principal.email, "email_confirmation": principal.email}
    await applicant.submit(**both if walk.applicant == "agent" else {})
    await office.nudge(applicant.reference, walk.nudge, ended=False)
    approvals, reviews = list(walk.approvals), list(walk.reviews)
    while True:
        if walk.applicant == "agent":
            decision = approvals.pop(0)
            await _approve(walk, decision, principal, office)
            if decision.decision == "refuse":
                await applicant.shows(REFUSED)
                return
            if decision.decision == "return":
                await _correct(applicant)
                continue
        if walk.tenant == "contracthub":
            decision = reviews.pop(0)
            await office.review(walk.tenant, applicant.reference, decision)
            if decision.decision == "return":
                await _correct(applicant)
                continue
        break
    await applicant.shows(ISSUED)
    await office.nudge(applicant.reference, walk.nudge, ended=True)


async def _approve(walk: Walk, decision: Decision, principal: Person, office: Office) -> None:
    if decision.way == "api":
        await office.approve(walk.tenant, principal.reference, decision.decision)
        principal.passes_over("approval_request")
        return
    page = await principal.follow("approval_request")
    grounds = {"obligations": "yes"} if decision.decision == "approve" else {"reason": REASON}
    pressed = page.posted_fields() | grounds | {"decision": decision.decision}
    done = await principal.post(page.form_action(), pressed)
    assert done.path.endswith("/approval/done") or decision.decision == "refuse", (done.path, done.title)


async def _correct(applicant: Person) -> None:
    await applicant.follow("application_returned")
    await applicant.submit()
