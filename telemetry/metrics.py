"""What is counted in a process, by the names that Prometheus knows it by. docs/operations.md says what for.

Every label has few values: kinds, stages, tenants, patterns of routes; never a reference, and nothing that
somebody outside could make up.
"""

from prometheus_client import Counter, Histogram, disable_created_metrics

# When a counter began says nothing that process_start_time_seconds does not.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Counter(
    "jcan_http_requests_total",
    "Requests that the web front has answered, by the pattern of the route.",
    ["route", "method", "status"],
)
REQUEST_SECONDS = Histogram(
    "jcan_http_request_duration_seconds",
    "How long the web front took to answer.",
    ["route", "method"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
ACTIVITY_ATTEMPTS = Counter(
    "jcan_activity_attempts_total", "Attempts at activities that have begun.", ["activity"]
)
ACTIVITY_FAILURES = Counter(
    "jcan_activity_failures_total",
    "Attempts at activities that have failed, by the error's kind and by who failed (nobody: a bug of ours).",
    ["activity", "error", "counterpart"],
)
MAILS = Counter(
    "jcan_mails_total",
    "What the mail server has said to mails: accepted, refused for good, or delayed.",
    ["kind", "answer"],
)
ENROLMENTS_STARTED = Counter(
    "jcan_enrolments_started_total",
    "Enrolments that were written down for the first time.",
    ["tenant", "applicant"],
)
ENROLMENTS_ENDED = Counter(
    "jcan_enrolments_ended_total", "Enrolments that have ended, by how.", ["tenant", "outcome"]
)
