"""The read model of enrolments: what pages, API and console show. Nothing decides by it."""

from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ScalarSelect, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.application import Application
from domain.stage import Applicant, Attention, Language, Outcome, Stage
from records.digest import digest
from records.tables import EnrolmentRow
from records.vault import Erased, Vault

CONTEXT = b"enrolment-details"


OPEN_STAGES = tuple(stage.value for stage in Stage if not stage.ended)
"""The stages that are no end, as they stand in the table."""


class Details(BaseModel):
    """What is personal about an enrolment; stored sealed.

    `email` is the applicant's registered address; number and names of the company are those of the ticket's
    order. `renews` is the reference of the enrolment whose certificate the person means to renew.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    email: str
    ticket_number: str
    corporate_number: str = ""
    company_name: str = ""
    company_name_latin: str = ""
    application: Application | None = None
    return_reason: str | None = None
    returned_by: Literal["principal", "reviewer"] | None = None
    serial: str | None = None
    not_after: datetime | None = None
    renews: str | None = None


class Standing(BaseModel):
    """Where an enrolment stands, as its workflow tells it.

    `revision` counts what the run `run_id` has told before.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    reference: str
    tenant: str
    applicant: Applicant
    language: Language
    stage: Stage
    since: datetime
    until: datetime | None
    attention: Attention | None
    outcome: Outcome | None
    generation: int
    redeemed_generation: int | None
    approval_round: int
    ordered: bool
    registered_at: datetime
    run_id: str | None = None
    revision: int = 0


class Enrolment(Standing):
    """One enrolment; `details` is None once the person was erased.

    `generation` is the newest mailed link of the applicant's, `redeemed_generation` the newest one that was
    pressed; `approval_round` is the generation of the principal's newest link. Times are UTC.
    """

    details: Details | None


class Previous(NamedTuple):
    """What stood there before a standing was written; nothing before an enrolment's first."""

    stage: Stage | None
    attention: Attention | None


async def write(
    session: AsyncSession, vault: Vault, digest_key: bytes, standing: Standing, details: Details
) -> Previous | None:
    """Write where an enrolment stands, in place of what was there; give that, or None if it was not written.

    It is not if the same run has written something later: a worker that was held up in the middle, and comes
    back when another one has gone on, finds itself too late. Raises vault.Erased.
    """
    sealed = await vault.seal(standing.reference, details.model_dump_json().encode(), CONTEXT)
    row = standing.model_dump() | {
        "email_digest": address_digest(digest_key, details.email),
        "principal_digest": details.application and address_digest(digest_key, details.application.email),
        "ticket_digest": ticket_digest(digest_key, details.ticket_number),
        "sealed_details": sealed,
    }
    statement = insert(EnrolmentRow).values(row)
    told = statement.excluded
    writing = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[EnrolmentRow.reference],
            set_={name: told[name] for name in row if name != "reference"},
            where=or_(
                EnrolmentRow.run_id.is_distinct_from(told.run_id), EnrolmentRow.revision <= told.revision
            ),
        ).returning(*_before(standing.reference))
    )
    written = writing.first()
    if written is None:
        return None
    stage, attention = written
    return Previous(Stage(stage) if stage else None, Attention(attention) if attention else None)


def _before(reference: str) -> tuple[ScalarSelect[str], ScalarSelect[str | None]]:
    """Ask what a row says before the statement that writes it: a query within one sees nothing of it."""
    row = aliased(EnrolmentRow)
    stage, attention = select(row.stage), select(row.attention)
    here = row.reference == reference
    return stage.where(here).scalar_subquery(), attention.where(here).scalar_subquery()


async def find(session: AsyncSession, vault: Vault, reference: str) -> Enrolment | None:
    """Give an enrolment, or None if there is none of that reference."""
    row = await session.get(EnrolmentRow, reference)
    return None if row is None else await _enrolment(vault, row)


async def open_by_address(
    session: AsyncSession, vault: Vault, digest_key: bytes, tenant: str, email: str
) -> list[Enrolment]:
    """Give a tenant's enrolments that were registered with a (folded) address and have not ended."""
    query = (
        select(EnrolmentRow)
        .where(
            EnrolmentRow.tenant == tenant,
            EnrolmentRow.email_digest == address_digest(digest_key, email),
            EnrolmentRow.stage.in_(OPEN_STAGES),
        )
        .order_by(EnrolmentRow.registered_at)
    )
    return [await _enrolment(vault, row) for row in (await session.scalars(query)).all()]


async def holder(session: AsyncSession, reference: str) -> EnrolmentRow | None:
    """Give the bare row of the enrolment that holds a ticket, without opening anything personal."""
    return await session.get(EnrolmentRow, reference)


def address_digest(key: bytes, email: str) -> bytes:
    """Give the digest by which an address is found; local parts that differ in case are one mailbox here."""
    return digest(key, "address", email.lower())


def ticket_digest(key: bytes, number: str) -> bytes:
    """Give the digest by which everybody is found who came with a ticket, whoever holds it now."""
    return digest(key, "ticket", number)


def standing_in(row: EnrolmentRow) -> Standing:
    """Give what a row says of where its enrolment stands."""
    return Standing.model_validate(_standing(row))


def _standing(row: EnrolmentRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in Standing.model_fields}


async def _enrolment(vault: Vault, row: EnrolmentRow) -> Enrolment:
    return Enrolment.model_validate(_standing(row) | {"details": await _details(vault, row)})


async def _details(vault: Vault, row: EnrolmentRow) -> Details | None:
    if row.sealed_details is None:
        return None
    try:
        return Details.model_validate_json(await vault.open(row.reference, row.sealed_details, CONTEXT))
    except Erased:
        return None
