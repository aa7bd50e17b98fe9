"""申請登録: choosing the applicant, the form, the confirmation, and what comes next.

GET shows, POST changes and redirects (Post/Redirect/Get). What was typed lives in a sealed cookie per
form, so that the back button, a reload and a second tab all find it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from domain.stage import Applicant, Stage, Verdict
from domain.tenant import Tenant
from engine.enrolments import RegisterRequest
from engine.unavailable import EngineUnavailable
from records import enrolments
from web import rates
from web.captcha import Pictures
from web.forms import Mistake, posted
from web.house import House, house_of
from web.i18n import _, language_of, wait
from web.pages import KNOWN_TENANT, TenantOfPath, render, see_other
from web.registration_check import (
    REFUSALS,
    Problems,
    field_problems,
    registration_in,
    ticket_problem,
)
from web.registration_form import Form, keep_form, kept_form, new_form, reference_of, successor_form
from web.registration_pages import (
    address_of,
    confirmation_page,
    done_page,
    engine_is_away,
    form_is_over,
    form_page,
    form_too_often,
    moved,
    too_late_to_correct,
)
from web.safety import concerns, network_of
from web.telling import TooOften, count
from web.way import StepName, way_for
from workflows.messages import Withdraw

router = APIRouter(prefix="/{tenant}/regist")

FormId = Annotated[str, Query(alias="form")]

# Until here an address can be wrong; later steps were taken by somebody who got the mail.
_CORRECTABLE = frozenset({Stage.REGISTERED, Stage.APPLYING})


# --- step 1: the form


@router.get("/step1")
async def show_form(request: Request, tenant: TenantOfPath, form_id: FormId = "") -> Response:
    """The form: empty, or as far as it was filled in."""
    house = house_of(request)
    form = kept_form(request, house, tenant, form_id)
    if form is None:
        form = new_form(tenant, notice="lost" if form_id else "")
    elif form.registered:
        return see_other(address_of(form, 3))
    response = await form_page(request, house, form)
    keep_form(request, response, house, form)
    return response


@router.post("/step1")
async def take_form(request: Request, tenant: TenantOfPath) -> Response:
    """選択, 画像を変更 and 次へ: all keep what was typed."""
    house = house_of(request)
    raw = await posted(request)
    before = kept_form(request, house, tenant, raw.get("form", ""))
    if before is None:
        return await _form_without_cookie(request, house, tenant, raw)
    if before.registered:
        return see_other(address_of(before, 3))
    form = before.typed(raw)
    match raw.get("act"):
        case "choose":
            return moved(request, house, form.with_problems(_about_applicant(form)), 1)
        case "picture":
            return moved(request, house, form, 1)
        case _:
            return await _check(request, house, form, raw)


async def _check(request: Request, house: House, form: Form, raw: Mapping[str, str]) -> Response:
    """次へ: on to the confirmation, or back to the form with every mistake told."""
    waiting = await rates.take(house, {rates.CHECKS_PER_NETWORK: network_of(request)})
    if waiting is not None:
        return await form_too_often(request, house, form, waiting)
    problems = await _all_problems(house, form, raw)
    if problems:
        return moved(request, house, form.with_problems(problems), 1)
    return moved(request, house, form.at("checked"), 2)


async def _form_without_cookie(
    request: Request, house: House, tenant: Tenant, raw: Mapping[str, str]
) -> Response:
    """The form's cookie is over or refused: there is nowhere to keep it, so it is shown at once."""
    form = new_form(tenant).typed(raw).model_copy(update={"notice": "lost"})
    response = await form_page(request, house, form)
    keep_form(request, response, house, form)
    return response


async def _all_problems(house: House, form: Form, raw: Mapping[str, str]) -> Problems:
    """Every mistake at once, except that the ticket is looked up only for a person who read the picture."""
    problems = field_problems(form)
    if form.applicant is not None and not form.launched:
        problems |= await Pictures(house).problems(form.form_id, raw)
    registration = registration_in(form)
    if problems or registration is None:
        return problems
    return await ticket_problem(house, form, registration)


def _about_applicant(form: Form) -> Problems:
    return {name: found for name, found in field_problems(form).items() if name == "applicant"}


@router.get("/way/{applicant}", dependencies=[KNOWN_TENANT])
async def show_way(request: Request, applicant: Applicant) -> Response:
    """The flow bar alone, which the script sets in once an applicant is chosen."""
    return render(request, "way.html", way=way_for(applicant, StepName.REGISTER))


# --- step 2: the confirmation


@router.get("/step2")
async def show_confirmation(request: Request, tenant: TenantOfPath, form_id: FormId = "") -> Response:
    """What will be registered, and the consent."""
    form = kept_form(request, house_of(request), tenant, form_id)
    if form is None:
        return form_is_over(request, tenant)
    if form.progress != "checked":
        return see_other(address_of(form, 3 if form.registered else 1))
    return confirmation_page(request, form)


@router.post("/step2")
async def confirm(request: Request, tenant: TenantOfPath) -> Response:
    """前へ and 申請登録."""
    house = house_of(request)
    raw = await posted(request)
    form = kept_form(request, house, tenant, raw.get("form", ""))
    if form is None:
        return form_is_over(request, tenant)
    if form.registered:
        return see_other(address_of(form, 3))
    if form.progress != "checked" or raw.get("act") == "back":
        return moved(request, house, form.with_problems({}), 1)
    if raw.get("consent") != "yes":
        missing = form.with_problems({"consent": Mistake("consent_missing")})
        return moved(request, house, missing, 2)
    if not (form.launched or await Pictures(house).is_solved(form.form_id)):
        over = form.typed({}).with_problems({"picture": Mistake("picture_over")})
        return moved(request, house, over, 1)
    return await _register(request, house, form.with_problems({}))


async def _register(request: Request, house: House, form: Form) -> Response:
    registration = registration_in(form)
    if registration is None:
        return see_other(address_of(form, 1))
    uses = [
        (rates.REGISTRATIONS_PER_TICKET, registration.ticket_number),
        (rates.REGISTRATIONS_PER_ADDRESS, registration.email),
        (rates.REGISTRATIONS_PER_NETWORK, network_of(request)),
    ]
    try:
        # A form that is pressed again, because the engine was away, is still the same registration.
        await count(request, form.form_id, uses)
    except TooOften as refused:
        page = confirmation_page(request, form, rates.too_often(refused.wait), 429)
        return rates.retry_after(page, refused.wait)
    wish = RegisterRequest(
        reference=reference_of(form, house).text,
        tenant=form.tenant,
        registration=registration,
        language=language_of(request),
        launched=form.launched,
        renews=form.renews or None,
    )
    concerns(wish.reference)
    try:
        answer = await house.desk.register(wish)
    except EngineUnavailable:
        sorry = _(
            "ただいま登録を受け付けられません。入力内容はそのままです。"
            "しばらくしてから、もう一度【申請登録】を押してください"
        )
        page = confirmation_page(request, form, sorry, 503)
        return rates.retry_after(page, timedelta(minutes=1))
    if answer.state == "too_often":
        return _too_many_links(request, form, answer.wait or timedelta(minutes=1))
    if answer.state != "refused":
        return moved(request, house, form.at(answer.state), 3)
    code = REFUSALS.get(answer.outcome, "registration_over") if answer.outcome else "ticket_taken"
    return await _refused(request, house, form, code)


def _too_many_links(request: Request, form: Form, period: timedelta) -> Response:
    """The same registration waits already, and its newest link stays good."""
    sorry = _(
        "このチケット番号は、同じメールアドレスですでに登録されています。"
        "すでにお送りした、いちばん新しいメールのURLからお進みください。"
        "新しいURLが必要なときは、%(wait)s後にもう一度【申請登録】を押してください",
        wait=wait(period),
    )
    return rates.retry_after(confirmation_page(request, form, sorry, 429), period)


async def _refused(request: Request, house: House, form: Form, code: str) -> Response:
    """The enrolment of this form has ended: what was typed goes on in a form of its own."""
    successor = successor_form(house.tenants[form.tenant], form.fields, fixed=form.fixed, renews=form.renews)
    await Pictures(house).carry_over(form.form_id, successor.form_id)
    told = successor.with_problems({"ticket_number": Mistake(code)})
    return moved(request, house, told, 1)


# --- step 3: done


@router.get("/step3")
async def show_done(request: Request, tenant: TenantOfPath, form_id: FormId = "") -> Response:
    """完了: what is registered, and that the application itself is still to be made."""
    house = house_of(request)
    form = kept_form(request, house, tenant, form_id)
    if form is None:
        return form_is_over(request, tenant)
    if not form.registered:
        return see_other(address_of(form, 1))
    return done_page(request, house, form)


@router.post("/step3")
async def after_done(request: Request, tenant: TenantOfPath) -> Response:
    """メールアドレスを訂正する and 次の方を登録する."""
    house = house_of(request)
    raw = await posted(request)
    form = kept_form(request, house, tenant, raw.get("form", ""))
    if form is None:
        return form_is_over(request, tenant)
    if not form.registered:
        return see_other(address_of(form, 1))
    match raw.get("act"):
        case "next":
            own = ("applicant", "company_code", "email", "email_confirmation")
            kept = {name: form.fields.get(name, "") for name in own}
            return moved(request, house, successor_form(tenant, kept, notice="next"), 1)
        case "correct" if form.progress != "resent" and "email" not in form.fixed:
            return await _correct_address(request, house, tenant, form)
    return see_other(address_of(form, 3))


async def _correct_address(request: Request, house: House, tenant: Tenant, form: Form) -> Response:
    """Withdraw the waiting enrolment and open the form again, filled in."""
    reference = reference_of(form, house).text
    async with house.database.begin() as session:
        standing = await enrolments.holder(session, reference)
    stage = None if standing is None else Stage(standing.stage)
    if stage is not None and not stage.ended and stage not in _CORRECTABLE:
        return too_late_to_correct(request, form)
    withdrawal = Withdraw(
        message_id=f"correct-{form.form_id}",
        received_at=datetime.now(UTC),
        by="applicant",
        cause="address_corrected",
    )
    try:
        answer = await house.desk.tell(reference, withdrawal)
    except EngineUnavailable:
        return engine_is_away(request, form)
    ended = answer.closed or (answer.stage is not None and answer.stage.ended)
    if answer.verdict is Verdict.TOO_LATE and not ended:
        return too_late_to_correct(request, form)
    successor = successor_form(
        tenant,
        form.fields,
        notice="corrected",
        replaces=reference,
        fixed=form.fixed,
        renews=form.renews,
    )
    await Pictures(house).carry_over(form.form_id, successor.form_id)
    return moved(request, house, successor, 1)
