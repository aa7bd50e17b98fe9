"""A run in numbers, as a table in Markdown."""

from collections import Counter
from collections.abc import Iterable
from statistics import median

from tests.chaos.evidence import Evidence
from tests.chaos.explained import explanations
from tests.chaos.plan import PARTS, Fault
from tests.chaos.running import Course

_LINKS = ("application_link", "approval_request")


def table(course: Course, evidence: Evidence, found: list[str]) -> str:
    """Write down what was done, what it met with, and what was there in the end."""
    rows = [
        *_done(course),
        *_wrong(course, evidence),
        *_there(evidence),
        ("findings", str(len(found) or "none")),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)])


def _done(course: Course) -> Iterable[tuple[str, str]]:
    plan, walks = course.plan, [each.walk for each in course.enrolled]
    minutes, seconds = divmod(round(course.seconds), 60)
    yield "seed", str(plan.seed)
    yield "took", f"{minutes} min {seconds} s, {plan.at_once} enrolments at once"
    kinds = Counter(f"{walk.applicant}'s" for walk in walks)
    kinds.update("reviewed by an operator" for walk in walks if walk.reviews)
    kinds.update("sent back" for walk in walks if "return" in str(walk))
    kinds.update("refused" for walk in walks if walk.is_refused)
    yield "enrolments", f"{len(walks)}: {_counted(kinds)}"
    parts = Counter(each.part for each in course.killed)
    away = [each.away for each in course.killed]
    yield "kills (`kill -9`)", f"{len(away)}: {', '.join(f'{part} {parts[part]}' for part in PARTS)}"
    yield "back after", f"{median(away):.1f} s (median), {max(away):.1f} s (longest)" if away else "–"


def _wrong(course: Course, evidence: Evidence) -> Iterable[tuple[str, str]]:
    calls = Counter(call.fault for call in evidence.calls)
    met = course.met
    yield "calls of the e-contract service", f"{calls.total()}: {_faults(calls)}"
    yield (
        "sessions with the mail server",
        f"{evidence.mail_sessions.total()}: {_faults(evidence.mail_sessions)}",
    )
    yield "people tried again", f"{met.again.total()}: {_counted(met.again)}"
    yield "people pressed twice", f"{met.twice}; asked for a mail again: {met.asked}"


def _there(evidence: Evidence) -> Iterable[tuple[str, str]]:
    standings = Counter(row["stage"] for row in evidence.rows["enrolments"])
    puts = [call for call in evidence.calls if call.method == "PUT"]
    heard = sum(len(call.statuses) for call in puts)
    message_ids = Counter(mail.message_id for mail in evidence.mails)
    events = evidence.rows["events"]
    runs = ", ".join(
        f"{number} {kind} {status}" for (kind, status), number in evidence.runs.items() if number
    )
    yield "ends", _counted(standings)
    signed, placed = len(evidence.rows["ca_certificates"]), len(evidence.rows["installed"])
    yield "certificates", f"{signed} at the CA, {placed} in place at the service, put there {heard} times"
    yield "tickets used up", str(sum(row["consumed_at"] is not None for row in evidence.rows["tickets"]))
    letters, came = len(message_ids), message_ids.total()
    yield "mails", f"{letters} letters, {came - letters} of them once more with the same Message-ID"
    yield "links pressed before it was on record that their mail was taken", str(_unrecorded(evidence))
    yield "events", f"{len(events)}, delivered {sum(row['deliveries'] for row in events)} times"
    yield "audit trail", evidence.audit_said
    yield "runs in Temporal", runs
    for why, times in sorted(explanations(evidence.logs).items()):
        yield "log, explained", f"{times} × {why}"


def _unrecorded(evidence: Evidence) -> int:
    """Links that came, and of whose mailing the audit trail does not tell."""
    facts = [
        (row["reference"], row["facts"]) for row in evidence.rows["audit"] if row["action"] == "link_mailed"
    ]
    told = {f"{reference}.{each['kind']}.{each['generation']}" for reference, each in facts}
    links = [mail.message_id.strip("<") for mail in evidence.mails if mail.kind in _LINKS]
    came = {".".join(message_id.split(".")[:3]) for message_id in links}
    return len(came - told)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))


def _faults(counts: Counter[Fault]) -> str:
    return ", ".join(f"{counts[fault]} {fault}" for fault in Fault if counts[fault])
