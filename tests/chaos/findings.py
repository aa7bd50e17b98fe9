"""What must hold after a run, whatever happened in it: each broken promise is a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tests.chaos.evidence import Evidence, Row
from tests.chaos.explained import unexplained
from tests.chaos.owed import owed_by
from tests.chaos.walking import Enrolled

_SHOWN = 400  # characters of a log entry


def findings(enrolled: Sequence[Enrolled], evidence: Evidence, kills: int) -> list[str]:
    """Everything that is not as it should be; empty if all promises are kept."""
    through = [each for each in enrolled if not each.failure]
    looks: list[Iterator[str]] = [_people(enrolled)]
    looks += [
        look(through, evidence)
        for look in (_ends, _certificates, _service, _tickets, _mails, _events, _trail)
    ]
    looks += [_calls(evidence), _processes(evidence, kills)]
    if len(through) == len(enrolled):
        looks += [_totals(enrolled, evidence)]
    return [finding for look in looks for finding in look]


def _people(enrolled: Sequence[Enrolled]) -> Iterator[str]:
    for each in enrolled:
        if each.failure:
            yield f"{_name(each)} got stuck:\n{each.failure}"


def _ends(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    standings = {row["reference"]: (row["stage"], row["outcome"]) for row in evidence.rows["enrolments"]}
    for each in enrolled:
        expected = ("refused", "refused_by_principal") if each.walk.is_refused else ("issued", "installed")
        if standings.get(each.reference) != expected:
            yield f"{_name(each)} stands at {standings.get(each.reference)} instead of {expected}"


def _certificates(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    """Exactly one in the CA's books and in ours for each that was issued, and no other."""
    signed, ordered = defaultdict(list), defaultdict(list)
    for row in evidence.rows["ca_certificates"]:
        signed[_reference(row)].append(row["serial"])
    for row in evidence.rows["ca_orders"]:
        ordered[_reference(row)].append(row["order_id"])
    ours = _grouped(evidence.rows["certificates"], "reference", "serial")
    for each in enrolled:
        wanted = 0 if each.walk.is_refused else 1
        counted = [len(books.get(each.reference, [])) for books in (ordered, signed, ours)]
        if counted != [wanted] * 3:
            yield f"{_name(each)} has {counted} orders, certificates at the CA and here instead of {wanted}"
        elif signed.get(each.reference) != ours.get(each.reference):
            yield f"{_name(each)} has another certificate at the CA than here"
    for row in evidence.rows["ca_certificates"]:
        if row["revoked_at"] is not None:
            yield f"the certificate of {_reference(row)} was revoked, which nobody asked for"


def _service(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    """One live key with one certificate in place, the same that was issued; none where none was."""
    credentials = _grouped(
        [row for row in evidence.rows["credentials"] if row["deleted_at"] is None],
        "reference",
        "credential_id",
    )
    installed = _grouped(
        [row for row in evidence.rows["installed"] if row["removed_at"] is None], "credential_id", "serial"
    )
    ours = _grouped(evidence.rows["certificates"], "reference", "serial")
    for each in enrolled:
        keys = credentials.get(each.reference, [])
        serials = [serial for key in keys for serial in installed.get(key, [])]
        if each.walk.is_refused and keys:
            yield f"{_name(each)} left a key at the e-contract service"
        if not each.walk.is_refused and (len(keys) != 1 or serials != ours.get(each.reference)):
            yield f"{_name(each)}: the e-contract service has {len(keys)} keys, certificates {serials}"


def _calls(evidence: Evidence) -> Iterator[str]:
    """Whatever the service was asked, it was asked the same again, and took it."""
    said: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for call in evidence.calls:
        if any(status >= 300 for status in call.statuses):
            yield f"the e-contract service answered {call.method} {call.path} with {call.statuses}"
        if call.method == "PUT":
            said[call.method, call.path].add(call.body)
    for (method, path), bodies in said.items():
        if len(bodies) > 1:
            yield f"{method} {path} was repeated with something else"
    for row in evidence.rows["calls"]:
        if row["status"] >= 300:
            yield f"the e-contract service's log has {row['method']} {row['path']} {row['status']}"


def _tickets(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    tickets = {row["number"]: row for row in evidence.rows["tickets"]}
    for each in enrolled:
        row = tickets[each.ticket]
        holder, consumed = row["reserved_by"], row["consumed_at"] is not None
        expected = (None, False) if each.walk.is_refused else (each.reference, True)
        if (holder, consumed) != expected:
            yield f"{_name(each)}: its ticket is held by {holder}, {'' if consumed else 'not '}used up"


def _mails(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    """What the audit trail owes has come, and nothing else; a repeat has the Message-ID of the first."""
    received = Counter(mail.message_id for mail in evidence.mails)
    for letter, message_ids in _grouped_letters(received).items():
        if len(message_ids) > 1:
            yield f"the letter {letter} came with {len(message_ids)} Message-IDs"
    came = set(_grouped_letters(received))
    entries = _by_reference(evidence.rows["audit"])
    for each in enrolled:
        letters = owed_by(each.walk, each.reference, entries.get(each.reference, []))
        mine = {letter for letter in came if letter.startswith(f"{each.reference}.")}
        for missing in sorted(letters.owed - mine):
            yield f"{_name(each)}: the mail {missing} is owed and has not come"
        for more in sorted(mine - letters.owed - letters.allowed):
            yield f"{_name(each)}: the mail {more} has come and is not owed"
    for row in evidence.rows["mailings"]:
        if row["refusal"] is not None:
            yield f"the mail {row['message_id']} was refused: {row['refusal']}"


def _events(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    """The service was told of each stage in its order, the end last."""
    told = _grouped(evidence.rows["events"], "reference", "event_id")
    entries = _by_reference(evidence.rows["audit"])
    for each in enrolled:
        stages = ["registered", *(_stage(row) for row in entries.get(each.reference, []) if _stage(row))]
        expected = [f"msg_{each.reference}_{number}_{stage}" for number, stage in enumerate(stages, 1)]
        if sorted(told.get(each.reference, [])) != sorted(expected):
            yield f"{_name(each)}: the service was told {told.get(each.reference)} instead of {expected}"


def _trail(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    if not evidence.audit_said.startswith("Intact"):
        yield f"jcan audit verify: {evidence.audit_said}"
    actions = Counter((row["reference"], row["action"]) for row in evidence.rows["audit"])
    for each in enrolled:
        wanted = {"registered": 1, "ordered": 0 if each.walk.is_refused else 1}
        for action, times in wanted.items():
            if actions[each.reference, action] != times:
                found = actions[each.reference, action]
                yield f"{_name(each)}: {found} entries {action} in the audit trail"


def _totals(enrolled: Sequence[Enrolled], evidence: Evidence) -> Iterator[str]:
    """Nothing is there that nobody asked for: a form sent twice is one enrolment, and so on."""
    issued = sum(not each.walk.is_refused for each in enrolled)
    rows = evidence.rows
    there = {
        "enrolments": (len(rows["enrolments"]), len(enrolled)),
        "orders at the CA": (len(rows["ca_orders"]), issued),
        "certificates at the CA": (len(rows["ca_certificates"]), issued),
        "certificates on record": (len(rows["certificates"]), issued),
        "certificates at the service": (len(rows["installed"]), issued),
        "tickets used up": (sum(row["consumed_at"] is not None for row in rows["tickets"]), issued),
    }
    expected = {("Enrolment", "Completed"): len(enrolled), ("Certificate", "Running"): issued}
    for (kind, status), number in evidence.runs.items():
        there[f"{kind} runs {status} in Temporal"] = (number, expected.get((kind, status), 0))
    for what, (number, wanted) in there.items():
        if number != wanted:
            yield f"{number} {what} instead of {wanted}"


def _processes(evidence: Evidence, kills: int) -> Iterator[str]:
    if evidence.deaths != kills:
        yield f"{evidence.deaths} processes died by a signal although {kills} were killed"
    for entry, times in unexplained(evidence.logs).items():
        yield f"{entry.log}.log, {times} times: {entry.text[:_SHOWN]}"


def _grouped(rows: Sequence[Row], key: str, value: str) -> dict[str, list[Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row[value])
    return groups


def _grouped_letters(message_ids: Counter[str]) -> dict[str, list[str]]:
    """Message-IDs by the letter that they name: `reference.kind.number.whose`."""
    groups = defaultdict(list)
    for message_id in message_ids:
        groups[message_id.strip("<>").partition("@")[0]].append(message_id)
    return groups


def _by_reference(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row["reference"]].append(row)
    return groups


def _reference(row: Row) -> str:
    return str(row["order_id"]).rpartition("-")[0]


def _stage(row: Row) -> str:
    """The stage that an audit entry tells of; empty for any other."""
    action = str(row["action"])
    return action.removeprefix("stage_") if action.startswith("stage_") else ""


def _name(each: Enrolled) -> str:
    return f"{each.reference or 'not registered'} ({each.walk})"
