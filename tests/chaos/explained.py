"""What the logs may say above the level of information while everything is killed around, and why."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.log_lines import LogEntry


@dataclass(frozen=True)
class Explained:
    """A pattern in one log, and why it is no reason to look."""

    log: str
    pattern: str
    why: str

    def fits(self, entry: LogEntry) -> bool:
        """Whether it explains an entry."""
        return entry.log == self.log and re.search(self.pattern, entry.text) is not None


EXPLAINED = (
    Explained(
        "postgres",
        r"FATAL:  terminating connection due to unexpected postmaster exit",
        "PostgreSQL was killed: what is left of it ends",
    ),
    Explained(
        "postgres",
        r"FATAL:  the database system is (starting up|not yet accepting connections|in recovery mode)",
        "PostgreSQL was killed and recovers: who asks meanwhile asks again",
    ),
    Explained(
        "postgres",
        r"FATAL:  connection to client lost",
        "the worker or the front was killed while PostgreSQL talked to it",
    ),
    Explained(
        "temporal",
        r"WARNING: CSP IS DISABLED WHEN USING PUBLIC PATH",
        "said by the Temporal UI at each start; our front, behind which it stands, sets the header",
    ),
    Explained(
        "temporal",
        r"^Temporal (CLI|Server|Persistence|UI|Metrics)\b",
        "said by the Temporal server at each start",
    ),
    Explained(
        "temporal",
        r"Queue reader unable to retrieve tasks .*shard status unknown",
        "Temporal was killed: when it is back it looks for work before its shard is loaded, and looks again",
    ),
    Explained(
        "temporal",
        r"failed to set query completion state",
        "the worker was killed: its answer to a page's question comes when nobody waits for it any more",
    ),
    Explained(
        "temporal",
        r"operation=QueryWorkflow .*buffered query cleared, please retry",
        "the worker was killed while a page's question waited for it: the front says that it will go on",
    ),
    Explained(
        "temporal",
        r"level=ERROR .*[\" ]context canceled\"",
        "who asked was killed, or waits no longer: Temporal drops what it was doing for them",
    ),
    Explained(
        "temporal",
        r"operation=AddWorkflowTask .*task queue closed",
        "Temporal is being stopped: it keeps the task, and hands it out when it is back",
    ),
    Explained(
        "web",
        r"the database cannot be reached error=(OperationalError|AdminShutdown)\b",
        "PostgreSQL was killed: the page says so, and to press again",
    ),
    Explained(
        "web",
        r"gRPC call \w+ retried .*(ResourceExhausted|Unavailable)",
        "the worker or Temporal was killed: what a page asks or hands in is tried again",
    ),
    Explained(
        "worker",
        r"waits for what is missing missing=(database|temporal)\b",
        "PostgreSQL or Temporal was killed: a worker that starts meanwhile waits for it",
    ),
    Explained(
        "worker",
        r"failed, will be tried again .*counterpart=(mail|econtract|database|temporal)\b",
        "a counterpart was killed, or made to answer late, wrongly or not at all: it is asked again",
    ),
    Explained(
        "worker",
        r"the local CA's books cannot be reached error=OperationalError\b",
        "PostgreSQL was killed: the embedded CA's clerk waits for it",
    ),
    Explained(
        "worker",
        r"the hook refused a call status=50[03]\b",
        "PostgreSQL or Temporal was killed: the embedded CA's clerk calls again",
    ),
    Explained(
        "worker",
        r"(?s)(Failed (handling activation|encoding completion)|Failing workflow task).*OperationalError",
        "PostgreSQL was killed, and the data keys are there: Temporal hands the task out again",
    ),
    Explained(
        "worker",
        r"gRPC call \w+ retried .*(Unavailable|Unknown)",
        "Temporal was killed: the worker tries again",
    ),
    Explained(
        "worker",
        r"(Error while completing workflow activation|Network error while \w+ .*) .*ConnectError",
        "Temporal was killed: what was being answered is handed out again when its time is over",
    ),
    Explained(
        "worker",
        r"Exception handling failed, original error: .*OperationalError\b",
        "PostgreSQL was killed, and the data keys are there: the attempt is made anew when its time is over",
    ),
    Explained(
        "worker",
        r"Task not found when completing",
        "PostgreSQL or Temporal was killed: a task came too late and was handed out again",
    ),
    Explained(
        "worker",
        r"Workflow task duration exceeded",
        "something was killed: a short activity within the task is waited for up to five seconds",
    ),
    Explained(
        "worker",
        r"Tried to complete untracked local activity",
        "a short activity ended after its five seconds: the task was handed out again meanwhile",
    ),
    Explained(
        "worker",
        r"psycopg: error ignored .*the connection is lost",
        "PostgreSQL was killed while it was being talked to",
    ),
    Explained(
        "worker",
        r"Failing legacy query request .*error=OperationalError\b",
        "PostgreSQL was killed, and the data keys are there: the front says that it will go on",
    ),
    Explained(
        "worker",
        r"Query not found when attempting to respond to it|query task not found",
        "a page's question was answered when nobody waited for it any more",
    ),
    Explained(
        "worker",
        r"Activity not found on completion",
        "an attempt ended that its run no longer waited for: it was called off, or made anew",
    ),
)


def unexplained(entries: Iterable[LogEntry]) -> Counter[LogEntry]:
    """Count the loud entries that nothing explains; those that differ in numbers only are one."""
    first: dict[str, LogEntry] = {}
    counts: Counter[LogEntry] = Counter()
    for entry in entries:
        if entry.is_loud and not any(each.fits(entry) for each in EXPLAINED):
            alike = entry.log + re.sub(r"[0-9A-Fa-f-]*[0-9][0-9A-Fa-f-]*", "#", entry.text)
            counts[first.setdefault(alike, entry)] += 1
    return counts


def explanations(entries: Iterable[LogEntry]) -> Counter[str]:
    """Count the loud entries that are explained, by their reason."""
    loud = [entry for entry in entries if entry.is_loud]
    first = (next((each.why for each in EXPLAINED if each.fits(entry)), None) for entry in loud)
    return Counter(why for why in first if why is not None)
