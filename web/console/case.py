"""One enrolment as a reviewer reads it: the application beside what the ticket was ordered for."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.application import Application
from domain.stage import Applicant, ApprovalDecision, Stage, Verdict
from records.enrolments import Details, Enrolment, Standing
from records.operators import Operator
from records.tables import AuditEntry
from web.i18n import JAPAN, N_, _, moment
from web.pages import Fact


@dataclass(frozen=True)
class Comparison:
    """One field of the application against the ticket's order."""

    label: str
    applied: str
    ordered: str

    @property
    def differs(self) -> bool:
        """Whether a reviewer has to look twice."""
        return self.applied != self.ordered


_COMPARED = (
    ("corporate_number", N_("法人番号")),
    ("company_name", N_("会社名")),
    ("company_name_latin", N_("会社名（英語表記）")),
)

_LOOKS = frozenset({"looked_at", "decoded"})
_WAYS = {"link": N_("メールのURL"), "api": N_("電子契約サービスのAPI"), "temporal": N_("Temporalの画面")}


def takes_part(operator: Operator, enrolment: Enrolment) -> bool:
    """Whether an operator is the applicant or the principal: then somebody else has to decide."""
    details = enrolment.details
    if details is None:
        return False
    addresses = {details.email.lower()}
    if details.application is not None:
        addresses.add(details.application.email.lower())
    return operator.email.lower() in addresses


def mark(enrolment: Enrolment) -> str:
    """What tells one stay at a stage from the next: a case that comes back for review has another."""
    return f"{enrolment.stage}-{enrolment.since.timestamp():.0f}"


def place_in(queue: list[Standing], enrolment: Enrolment) -> int | None:
    """Which of the queue a case is, counted from one; None if it is not in it."""
    references = [one.reference for one in queue]
    return references.index(enrolment.reference) + 1 if enrolment.reference in references else None


def following(queue: list[Standing], enrolment: Enrolment, wished: str = "") -> Standing | None:
    """The case to go on to: the wished one if it still waits, else who came next, else the oldest."""
    others = [one for one in queue if one.reference != enrolment.reference]
    if enrolment.stage is Stage.IN_REVIEW:
        present = (enrolment.since, enrolment.reference)
        others.sort(key=lambda one: (one.since, one.reference) < present)
    return next((one for one in others if one.reference == wished), next(iter(others), None))


def comparisons(details: Details, application: Application) -> list[Comparison]:
    """The organisation as applied for against the one that the ticket was ordered for."""
    return [
        Comparison(_(label), getattr(application, name), getattr(details, name)) for name, label in _COMPARED
    ]


def subject_facts(application: Application) -> list[Fact]:
    """What the certificate will say."""
    subject = application.subject
    return [
        Fact("CN", subject.common_name),
        Fact("surname / givenName", f"{subject.surname} / {subject.given_name}"),
        Fact("O", subject.organization),
        Fact("organizationIdentifier", f"NTRJP-{subject.corporate_number}", num=True),
        Fact("rfc822Name", subject.email),
    ]


def person_facts(enrolment: Enrolment, details: Details) -> list[Fact]:
    """Who is applied for, by whom, and what the reviewer may want to ask them."""
    application = details.application
    rows = []
    if application is not None:
        rows = [
            Fact(_("氏名"), f"{application.family_name} {application.given_name}"),
            Fact(_("カナ"), f"{application.family_name_kana} {application.given_name_kana}"),
            Fact(_("ローマ字"), f"{application.family_name_latin} {application.given_name_latin}"),
            Fact(_("メールアドレス"), application.email),
            Fact(_("電話番号"), application.phone, num=True),
            Fact(_("有効期間"), _("1年") if application.validity_years == 1 else _("2年")),
        ]
    if enrolment.applicant is Applicant.AGENT:
        agent = [application.agent_company, application.agent_name] if application else []
        rows.append(Fact(_("代理人"), [line for line in [*agent, details.email] if line]))
    elif application is None:
        rows.append(Fact(_("メールアドレス"), details.email))
    rows.append(Fact(_("チケット番号"), details.ticket_number, num=True))
    rows.append(Fact(_("申請登録の日時"), moment(enrolment.registered_at)))
    return rows


def approval_facts(entries: list[AuditEntry]) -> list[Fact]:
    """When and how the principal approved, by the audit trail; nothing while their approval is missing."""
    decisions = [entry for entry in entries if _is_taken(entry, "decide_approval")]
    if not decisions or decisions[-1].facts["decision"] != ApprovalDecision.APPROVE:
        return []
    facts, way = decisions[-1].facts, _WAYS[decisions[-1].facts["via"]]
    rows = [Fact(_("承認の日時"), moment(decisions[-1].at)), Fact(_("承認の方法"), _(way))]
    if facts.get("obligations_accepted_at"):
        accepted_at = datetime.fromisoformat(facts["obligations_accepted_at"])
        rows.append(Fact(_("「利用者の義務」への同意"), moment(accepted_at)))
    if facts.get("evidence"):
        rows.append(Fact(_("同意の証跡の番号"), facts["evidence"], num=True))
    return rows


def _is_taken(entry: AuditEntry, action: str) -> bool:
    return entry.action == action and entry.facts.get("verdict") == Verdict.ACCEPTED


@dataclass(frozen=True)
class Event:
    """One entry of the audit trail as the page shows it, its time in Japan to the second."""

    at: str
    actor: str
    action: str
    facts: str


def events(entries: list[AuditEntry]) -> list[Event]:
    """What happened, the newest first; looks that follow each other are one line, at the latest's time."""
    shown: list[Event] = []
    latest, times = None, 1
    for entry in reversed(entries):
        look = (entry.actor, entry.action) if entry.action in _LOOKS else None
        times = times + 1 if look is not None and look == latest else 1
        if times > 1:
            shown[-1] = replace(shown[-1], facts=f"×{times}")
        else:
            shown.append(_event(entry))
        latest = look
    return shown


def _event(entry: AuditEntry) -> Event:
    facts = " ".join(f"{name}={fact}" for name, fact in entry.facts.items() if fact is not None)
    at = entry.at.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M:%S")
    return Event(at, entry.actor, entry.action, facts)
