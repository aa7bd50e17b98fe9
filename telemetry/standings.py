"""What the log and the counters tell of an enrolment, whenever its standing was written down."""

from records.enrolments import Previous, Standing
from telemetry.logs import logger
from telemetry.metrics import ENROLMENTS_ENDED, ENROLMENTS_STARTED

_log = logger("jcan.enrolment")


def tell(standing: Standing, previous: Previous) -> None:
    """Tell what is new about an enrolment: its stage, or that it asks for an operator, or no longer does."""
    if previous.stage is None:
        ENROLMENTS_STARTED.labels(standing.tenant, standing.applicant.value).inc()
    if standing.stage is not previous.stage:
        _tell_of_stage(standing)
    if standing.attention is not previous.attention and not standing.stage.ended:
        said = "needs attention" if standing.attention else "needs no attention any more"
        _log.info(said, **_facts(standing), attention=standing.attention or previous.attention)


def _tell_of_stage(standing: Standing) -> None:
    if standing.stage.ended and standing.outcome is not None:
        ENROLMENTS_ENDED.labels(standing.tenant, standing.outcome.value).inc()
        _log.info("ended", **_facts(standing), outcome=standing.outcome)
    else:
        _log.info("entered a stage", **_facts(standing))


def _facts(standing: Standing) -> dict[str, str]:
    return {"reference": standing.reference, "tenant": standing.tenant, "stage": standing.stage.value}
