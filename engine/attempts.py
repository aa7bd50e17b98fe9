"""What each attempt at an activity leaves in the log and in the metrics.

The SDK would log a failed attempt with its error's message; the UI shows that, decoded for administrators.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError
from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.exceptions import ApplicationError, is_cancelled_exception
from temporalio.service import RPCError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.workflow_ids import facts_in
from records.erasure import Obstacle
from telemetry.counterparts import Counterpart, Counterparts
from telemetry.logs import logger
from telemetry.metrics import ACTIVITY_ATTEMPTS, ACTIVITY_FAILURES

_log = logger("jcan.activity")

_AWAY: Mapping[str, Counterpart] = {
    "MailDelayed": Counterpart.MAIL,
    "EContractUnavailable": Counterpart.ECONTRACT,
    "EContractKeyRefused": Counterpart.ECONTRACT,
    "EventUndelivered": Counterpart.ECONTRACT,
    "AuthorityUnavailable": Counterpart.CA,
}
"""Which counterpart it is that fails, by the type of an activity's error."""

_MET: Mapping[str, Counterpart] = {
    "send_mail": Counterpart.MAIL,
    "create_credential": Counterpart.ECONTRACT,
    "install_certificate": Counterpart.ECONTRACT,
    "remove_certificate": Counterpart.ECONTRACT,
    "delete_credential": Counterpart.ECONTRACT,
    "deliver_event": Counterpart.ECONTRACT,
    "order_certificate": Counterpart.CA,
    "fetch_certificate": Counterpart.CA,
    "revoke_certificate": Counterpart.CA,
}
"""Whom an activity has met for sure once it has ended well; the others have met our database."""

_NO_FAILURE = frozenset({"NotIssuedYet", Obstacle.OPEN.value})
"""What an activity raises to be asked again later, and everything is as it should be."""


class Attempts(Interceptor):
    """Has a worker's activities told of."""

    def __init__(self, counterparts: Counterparts) -> None:
        """Take where it is remembered who fails."""
        self._counterparts = counterparts

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Put ours before the activity."""
        return Attempt(next, self._counterparts)


class Attempt(ActivityInboundInterceptor):
    """Tells of the attempts at activities."""

    def __init__(self, following: ActivityInboundInterceptor, counterparts: Counterparts) -> None:
        """Take what runs the activity."""
        super().__init__(following)
        self._counterparts = counterparts

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        """Run the activity, and tell how it went."""
        info = activity.info()
        ACTIVITY_ATTEMPTS.labels(info.activity_type).inc()
        with bound_contextvars(**_facts(info)):
            try:
                result = await super().execute_activity(input)
            except Exception as error:
                self._note_failure(info, error)
                raise
            self._note_success(info)
        return result

    def _note_success(self, info: activity.Info) -> None:
        self._counterparts.answered(*_met(info.activity_type))
        if info.attempt > 1:
            _log.info("succeeded at last")

    def _note_failure(self, info: activity.Info, error: Exception) -> None:
        if is_cancelled_exception(error):
            return
        kind = _kind(error)
        if kind in _NO_FAILURE:
            self._counterparts.answered(*_met(info.activity_type))
            return
        counterpart = _away(error)
        ACTIVITY_FAILURES.labels(info.activity_type, kind, counterpart or "").inc()
        if counterpart is not None:
            self._counterparts.failed(counterpart)
            _log.warning("failed, will be tried again", error=kind, counterpart=counterpart)
        else:
            # It will be tried again, too; but somebody has to look at it.
            _log.error("failed unexpectedly, will be tried again", error=kind, exc_info=error)


def _facts(info: activity.Info) -> dict[str, object]:
    """What every line says that is written during the attempt."""
    facts = {"activity": info.activity_type, "workflow": info.workflow_type, "attempt": info.attempt}
    return {**facts, **facts_in(info.workflow_id or "")}


def _kind(error: Exception) -> str:
    return (isinstance(error, ApplicationError) and error.type) or type(error).__qualname__


def _away(error: Exception) -> Counterpart | None:
    match error:
        case ApplicationError():
            return _AWAY.get(error.type or "")
        case ProgrammingError() | IntegrityError() | DataError():
            # It answers, and what we have asked of it is wrong.
            return None
        case SQLAlchemyError():
            return Counterpart.DATABASE
        case RPCError():
            return Counterpart.TEMPORAL
        case _:
            return None


def _met(activity_type: str) -> list[Counterpart]:
    met = _MET.get(activity_type)
    if met is None:
        return [Counterpart.DATABASE]
    return [met] if met is Counterpart.ECONTRACT else [met, Counterpart.DATABASE]
