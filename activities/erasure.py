"""Erasing a person whose data nobody may keep any longer."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.authority import retried_while_away
from authorities.connector import Authority
from domain.workflow_ids import enrolment_id
from records import certificates, erasure
from records.database import Database
from records.erasure import Obstacle

RETENTION = "retention"


class Shred(BaseModel):
    """Whose data are to be erased."""

    model_config = ConfigDict(frozen=True)

    reference: str


class Erasure:
    """Erases people from the records and at the CA."""

    def __init__(self, database: Database, authority: Authority, client: Client) -> None:
        """Take the client that tells whether an enrolment's run is still open."""
        self._database = database
        self._authority = authority
        self._client = client

    @activity.defn(name="shred")
    async def shred(self, shred: Shred) -> bool:
        """Erase a person after an end without certificate; again it changes nothing.

        False if there is a reason to keep the data after all: the run was reset, and goes on or went further.
        """
        reference = shred.reference
        async with self._database.begin() as session:
            obstacle = await erasure.obstacle(session, reference, datetime.now(UTC))
            certificate = await certificates.of_enrolment(session, reference)
        if obstacle is not None or certificate is not None:
            return False
        if await self._run_is_open(reference):
            raise ApplicationError("the run is about to end", type=Obstacle.OPEN)
        with retried_while_away():
            await erase(self._database, self._authority, reference, RETENTION)
        return True

    async def _run_is_open(self, reference: str) -> bool:
        try:
            run = await self._client.get_workflow_handle(enrolment_id(reference)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return run.status is WorkflowExecutionStatus.RUNNING


async def erase(database: Database, authority: Authority, reference: str, actor: str) -> bool:
    """Erase a person at the CA and then here, so that a failure in between is made good by the next try.

    False if that was done before.
    """
    async with database.begin() as session:
        orders = await erasure.orders_of(session, reference)
    for order_id in orders:
        await authority.erase(order_id)
    async with database.begin() as session:
        return await erasure.shred(session, reference, actor)
