"""Who comes to an enrolment's own pages: with which session, and where the enrolment stands."""

from dataclasses import dataclass

from fastapi import Request, Response

from domain.link_token import Purpose
from domain.problem import RuleBroken
from domain.reference import Reference
from domain.stage import Language
from domain.tenant import Tenant
from records import enrolments
from records.enrolments import Enrolment
from web import dead_links
from web.house import house_of
from web.i18n import language_of
from web.safety import concerns
from web.session import Session, applicant_session, principal_session


@dataclass(frozen=True)
class Visit:
    """Somebody with a session that counts, and the enrolment as the read model has it."""

    tenant: Tenant
    enrolment: Enrolment
    session: Session


async def enrolment_at(request: Request, tenant: Tenant, reference: str) -> Enrolment | None:
    """The tenant's enrolment that a path names; nothing is read for what is no reference."""
    try:
        text = Reference.parse(reference).text
    except RuleBroken:
        return None
    # One spelling only: the cookie's path is compared byte by byte.
    if text != reference:
        return None
    house = house_of(request)
    async with house.database.view() as session:
        enrolment = await enrolments.find(session, house.vault, text)
    if enrolment is None or enrolment.tenant != tenant.name:
        return None
    concerns(text)
    return enrolment


async def applicant_visit(request: Request, tenant: Tenant, reference: str) -> Visit | Response:
    """The applicant's visit, or the page that says why there is nothing to see here."""
    enrolment = await enrolment_at(request, tenant, reference)
    if enrolment is None:
        return dead_links.unknown(request, tenant)
    session = applicant_session(request, reference)
    if session is not None and _counts(session, enrolment):
        return Visit(tenant, enrolment, session)
    if enrolment.stage.ended:
        return dead_links.over(request, enrolment)
    if session is None:
        return dead_links.elsewhere(request, enrolment, Purpose.APPLICATION)
    return dead_links.overtaken(request, enrolment)


async def principal_visit(request: Request, tenant: Tenant, reference: str) -> Visit | Response:
    """The principal's visit to an agent's application, or the page that says why there is nothing to see."""
    enrolment = await enrolment_at(request, tenant, reference)
    if enrolment is None:
        return dead_links.unknown(request, tenant)
    session = principal_session(request, reference)
    if session is None:
        if enrolment.stage.ended:
            return dead_links.over(request, enrolment)
        return dead_links.elsewhere(request, enrolment, Purpose.APPROVAL)
    if session.generation < enrolment.approval_round:
        return dead_links.superseded(request, enrolment, Purpose.APPROVAL)
    return Visit(tenant, enrolment, session)


def in_other_language(request: Request, url: str) -> str:
    """The address of a page in the language that it is not shown in now, for a page that answers a POST."""
    other = Language.JA if language_of(request) is Language.EN else Language.EN
    return f"{url}{'&' if '?' in url else '?'}lang={other}"


def _counts(session: Session, enrolment: Enrolment) -> bool:
    """Whether no newer link was pressed; the read model may still be behind a press."""
    if session.purpose is Purpose.STATUS and enrolment.stage.ended:
        return True
    return session.generation >= (enrolment.redeemed_generation or 0)
