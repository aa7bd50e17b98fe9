"""発行申請: the form, its confirmation, the submission by signal, and what comes after.

Everything typed is kept as an encrypted draft at each step, so that a reload, the back button or a closed
browser loses nothing. Every POST ends in a redirect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.application import Application
from domain.link_token import Purpose
from domain.stage import Applicant, Stage, Verdict
from engine.unavailable import EngineUnavailable
from records import drafts
from records.enrolments import Details, Enrolment
from web import application_form as form
from web import dead_links
from web.forms import posted, sentences
from web.house import house_of
from web.i18n import language_of
from web.pages import TenantOfPath, render, see_other
from web.progress import is_agents, principal_name
from web.registration_form import new_form
from web.registration_pages import moved
from web.renewal import changes_of, renewed_application
from web.session import home_of
from web.telling import message_id, now
from web.visits import Visit, applicant_visit, in_other_language
from web.way import StepName, Way, way_for
from workflows.messages import SubmitApplication

router = APIRouter(prefix="/{tenant}/enrolments/{reference}/application")

_OPEN = frozenset({Stage.REGISTERED, Stage.APPLYING})


@dataclass(frozen=True)
class Desk:
    """An applicant at the form: the visit, what is known of them, and what they have typed so far.

    `before` is the application whose certificate they renew.
    """

    visit: Visit
    details: Details
    fields: dict[str, str]
    before: Application | None = None

    @property
    def applicant(self) -> Applicant:
        """Who applies."""
        return self.visit.enrolment.applicant

    @property
    def home(self) -> str:
        """The path of the enrolment's pages."""
        return home_of(self.visit.tenant.name, self.visit.enrolment.reference)

    def check(self) -> form.Check:
        """What was typed, looked through."""
        return form.check(self.applicant, self.fields, self.details.email)


@router.get("")
async def show_form(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """The form with what was typed; with `?check`, what is wrong with it too."""
    desk = await _at_the_form(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    problems = desk.check().problems if "check" in request.query_params else {}
    return render(
        request,
        "application.html",
        **_common(desk, StepName.APPLY),
        email=desk.details.email,
        fields=desk.fields,
        problems=sentences(problems, language_of(request)),
        label_of=lambda name: form.label_of(name, desk.applicant),
        return_reason=desk.details.return_reason,
        returned_by=desk.details.returned_by,
        changed="changed" in request.query_params,
        renewed=desk.before is not None,
    )


@router.post("")
async def take_form(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """Keep what was typed; on to the confirmation if nothing is wrong with it."""
    raw = await posted(request)
    desk = await _at_the_form(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    fields = form.typed(desk.applicant, raw)
    house = house_of(request)
    async with house.database.begin() as session:
        await drafts.save(session, house.vault, reference, fields)
    problems = form.check(desk.applicant, fields, desk.details.email).problems
    return see_other(f"{desk.home}/application{'?check' if problems else '/confirm'}")


@router.get("/confirm")
async def confirm(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """What is going to be sent, once more before it is."""
    desk = await _at_the_form(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    application = desk.check().application
    if application is None:
        return see_other(f"{desk.home}/application?check")
    return _confirmation(request, desk, application, uuid4().hex)


@router.post("/submit")
async def submit(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """発行申請: the application goes to its enrolment."""
    raw = await posted(request)
    desk = await _at_the_form(request, tenant, reference)
    if isinstance(desk, Response):
        return desk
    application = desk.check().application
    if application is None:
        return see_other(f"{desk.home}/application?check")
    if form.fingerprint(application) != raw.get("seen"):
        return see_other(f"{desk.home}/application?changed")
    return await _hand_in(request, desk, application, raw)


@router.get("/done")
async def done(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """完了: what happens next, by whom and until when."""
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    sent = request.query_params.get("sent", "")
    home = home_of(tenant.name, reference)
    if visit.enrolment.stage.ended or (visit.enrolment.stage in _OPEN and not sent):
        return see_other(f"{home}/status")
    return render(
        request,
        "application_done.html",
        enrolment=visit.enrolment,
        home=home,
        agent=is_agents(visit.enrolment),
        name=await _name(request, visit.enrolment),
        application=visit.enrolment.details and visit.enrolment.details.application,
        sent=sent,
        waiting=visit.enrolment.stage in _OPEN,
        way=way_for(visit.enrolment.applicant, StepName.APPLY_DONE),
    )


@router.post("/next")
async def register_next(request: Request, tenant: TenantOfPath, reference: str) -> Response:
    """次の方を登録する: an agent's next registration, company code and own address filled in."""
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    details = visit.enrolment.details
    email = details.email if details else ""
    successor = new_form(
        tenant,
        notice="next",
        applicant=Applicant.AGENT,
        company_code=tenant.company_code,
        email=email,
        email_confirmation=email,
    )
    return moved(request, house_of(request), successor, 1)


async def _hand_in(
    request: Request, desk: Desk, application: Application, raw: Mapping[str, str]
) -> Response:
    press = message_id(raw)
    house = house_of(request)
    reference = desk.visit.enrolment.reference
    # Sent back and sent again unchanged, it is another message.
    message = SubmitApplication(
        message_id=f"{press}-{desk.visit.enrolment.generation}", received_at=now(), application=application
    )
    try:
        answer = await house.desk.tell(reference, message)
    except EngineUnavailable:
        return _confirmation(request, desk, application, press, unavailable=True)
    match answer.verdict:
        case None if not answer.closed:
            return see_other(f"{desk.home}/application/done?sent=received")
        case Verdict.ACCEPTED:
            return see_other(f"{desk.home}/application/done?sent=accepted")
        case Verdict.REPEATED:
            return see_other(f"{desk.home}/application/done?sent=repeated")
        case Verdict.NOT_NOW:
            # The same message would get the same verdict again.
            return _confirmation(request, desk, application, uuid4().hex, not_now=True)
        case _:
            return render(
                request,
                "application_late.html",
                status.HTTP_410_GONE,
                **_common(desk, StepName.APPLY_CHECK),
                groups=form.groups_of(application),
                other_language_url=in_other_language(request, f"{desk.home}/status"),
            )


async def _at_the_form(request: Request, tenant: TenantOfPath, reference: str) -> Desk | Response:
    """The applicant at their form, or the page to be at instead."""
    visit = await applicant_visit(request, tenant, reference)
    if isinstance(visit, Response):
        return visit
    enrolment = visit.enrolment
    if enrolment.stage not in _OPEN or enrolment.details is None:
        return see_other(f"{home_of(tenant.name, reference)}/status")
    if not may_apply(visit):
        return dead_links.needs_application_link(request, enrolment)
    house = house_of(request)
    async with house.database.view() as session:
        kept = await drafts.load(session, house.vault, reference)
    before = await renewed_application(house, enrolment)
    empty = form.first_filled(enrolment.applicant, enrolment.details, before)
    return Desk(visit, enrolment.details, empty | kept, before)


def may_apply(visit: Visit) -> bool:
    """Whether this visit may fill in the form; the read model may be behind the press that opened it."""
    if visit.enrolment.stage is Stage.REGISTERED:
        return visit.session.purpose is Purpose.APPLICATION
    return visit.enrolment.stage is Stage.APPLYING


def _confirmation(
    request: Request,
    desk: Desk,
    application: Application,
    form_id: str,
    *,
    unavailable: bool = False,
    not_now: bool = False,
) -> Response:
    return render(
        request,
        "application_confirm.html",
        status.HTTP_503_SERVICE_UNAVAILABLE if unavailable else status.HTTP_200_OK,
        **_common(desk, StepName.APPLY_CHECK),
        groups=form.groups_of(application),
        changes=changes_of(desk.before, application, desk.applicant) if desk.before else None,
        seen=form.fingerprint(application),
        form_id=form_id,
        unavailable=unavailable,
        not_now=not_now,
        other_language_url=in_other_language(request, f"{desk.home}/application/confirm"),
    )


class _Common(TypedDict):
    """What each page at the form has."""

    enrolment: Enrolment
    home: str
    agent: bool
    name: str
    way: Way


def _common(desk: Desk, step: StepName) -> _Common:
    agent = desk.applicant is Applicant.AGENT
    return _Common(
        enrolment=desk.visit.enrolment,
        home=desk.home,
        agent=agent,
        name=form.whose(desk.fields) if agent else "",
        way=way_for(desk.applicant, step),
    )


async def _name(request: Request, enrolment: Enrolment) -> str:
    """The principal's name; from the draft while the read model is behind the submission."""
    if principal_name(enrolment) or enrolment.details is None:
        return principal_name(enrolment)
    house = house_of(request)
    async with house.database.view() as session:
        kept = await drafts.load(session, house.vault, enrolment.reference)
    return form.whose(kept) if kept else ""
