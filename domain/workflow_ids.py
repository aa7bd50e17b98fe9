"""What the runs are called: the one personal-data-free name that every part knows an enrolment by."""

_ENROLMENT = "enrolment-"
_CERTIFICATE = "certificate-"
_RETENTION = "retention-"


def enrolment_id(reference: str) -> str:
    """Give the workflow id of an enrolment."""
    return _ENROLMENT + reference


def certificate_id(serial: str) -> str:
    """Give the workflow id of a certificate's life; `serial` in lower-case hexadecimal."""
    return _CERTIFICATE + serial


def retention_id(reference: str) -> str:
    """Give the workflow id of the wait after which an enrolment's person is erased."""
    return _RETENTION + reference


def is_retention(workflow_id: str) -> bool:
    """Tell whether this is the workflow id of such a wait, in which nothing is personal."""
    return workflow_id.startswith(_RETENTION)


def reference_in(workflow_id: str) -> str | None:
    """Give the reference if this is an enrolment's workflow id."""
    return workflow_id.removeprefix(_ENROLMENT) if workflow_id.startswith(_ENROLMENT) else None


def serial_in(workflow_id: str) -> str | None:
    """Give the serial if this is a certificate's workflow id."""
    return workflow_id.removeprefix(_CERTIFICATE) if workflow_id.startswith(_CERTIFICATE) else None


def facts_in(workflow_id: str) -> dict[str, str]:
    """Give what a workflow id tells, by name: a `reference`, or a certificate's `serial`."""
    for prefix, fact in ((_ENROLMENT, "reference"), (_RETENTION, "reference"), (_CERTIFICATE, "serial")):
        if workflow_id.startswith(prefix):
            return {fact: workflow_id.removeprefix(prefix)}
    return {}
