"""The pages of the registration: what each shows for a form."""

from datetime import timedelta
from urllib.parse import urlencode

from fastapi import Request, Response

from domain.stage import Language
from domain.tenant import Tenant
from web import rates
from web.captcha import Pictures
from web.forms import sentences
from web.house import House
from web.i18n import _, language_of
from web.pages import Action, Fact, message, render, see_other
from web.registration_check import registration_in
from web.registration_form import MAXIMUM, Form, keep_form, reference_of
from web.safety import network_of
from web.way import StepName, way_for


def address_of(form: Form, step: int) -> str:
    """A step of this form, without a host."""
    return f"/{form.tenant}/regist/step{step}?{urlencode({'form': form.form_id})}"


def moved(request: Request, house: House, form: Form, step: int) -> Response:
    """Keep the form and go to one of its steps (Post/Redirect/Get)."""
    response = see_other(address_of(form, step))
    keep_form(request, response, house, form)
    return response


async def form_page(
    request: Request, house: House, form: Form, sorry: str = "", status_code: int = 200
) -> Response:
    """Step 1, with a new picture unless one is solved; `sorry` is told on top."""
    pictures = Pictures(house)
    solved = not form.launched and await pictures.is_solved(form.form_id)
    needs_picture = not (solved or form.launched or sorry)
    if needs_picture:
        waiting = await rates.take(house, {rates.PICTURES_PER_NETWORK: network_of(request)})
        if waiting is not None:
            return await form_too_often(request, house, form, waiting)
    return render(
        request,
        "registration_form.html",
        status_code,
        form=form,
        problems=sentences(form.mistakes, language_of(request)),
        sorry=sorry,
        maximum=MAXIMUM,
        solved=solved,
        picture=await pictures.new() if needs_picture else None,
        way=way_for(form.applicant, StepName.REGISTER) if form.applicant else None,
        other_language_url=_in_other_language(request, form, 1),
    )


async def form_too_often(request: Request, house: House, form: Form, waiting: timedelta) -> Response:
    """Step 1 with what was typed, saying when to go on."""
    page = await form_page(request, house, form, rates.too_often(waiting), 429)
    keep_form(request, page, house, form)
    return rates.retry_after(page, waiting)


def confirmation_page(request: Request, form: Form, sorry: str = "", status_code: int = 200) -> Response:
    """Step 2; `sorry` is told on top."""
    registration = registration_in(form)
    if registration is None or form.applicant is None:
        return see_other(address_of(form, 1))
    return render(
        request,
        "registration_confirmation.html",
        status_code,
        form=form,
        rows=[
            Fact(_("企業コード"), registration.company_code),
            Fact(_("チケット番号"), registration.ticket_number, num=True),
            Fact(_("メールアドレス"), registration.email),
        ],
        problems=sentences(form.mistakes, language_of(request)),
        sorry=sorry,
        way=way_for(form.applicant, StepName.REGISTER_CHECK),
        other_language_url=_in_other_language(request, form, 2),
    )


def done_page(request: Request, house: House, form: Form) -> Response:
    """Step 3: what happens next."""
    registration = registration_in(form)
    if registration is None or form.applicant is None:
        return see_other(address_of(form, 1))
    return render(
        request,
        "registration_done.html",
        form=form,
        email=registration.email,
        rows=_done_rows(house, form, registration.ticket_number, registration.email),
        link_ttl=house.settings.link_ttl,
        way=way_for(form.applicant, StepName.REGISTER_DONE),
    )


def _done_rows(house: House, form: Form, ticket_number: str, email: str) -> list[Fact]:
    rows = [Fact(_("チケット番号"), ticket_number, num=True), Fact(_("メールの送信先"), email)]
    if form.progress == "resent":
        # The enrolment that waits is the first one, under the number that the first page showed.
        return rows
    return [Fact(_("受付番号"), reference_of(form, house).grouped, num=True), *rows]


def form_is_over(request: Request, tenant: Tenant) -> Response:
    """A form that this browser does not have, or no longer."""
    return message(
        request,
        _("この画面の入力内容が見つかりません"),
        [
            _("時間がたったか、別のブラウザーで入力されたか、Cookie が無効になっています。"),
            _("申請登録を最初からお願いします。Cookie が無効のときは、有効にしてからお試しください。"),
        ],
        status_code=410,
        kind="wait",
        actions=[Action(_("申請登録へ"), f"/{tenant.name}/regist/step1")],
    )


def too_late_to_correct(request: Request, form: Form) -> Response:
    """The mail has been answered, so its address is right."""
    return message(
        request,
        _("メールアドレスは訂正できません"),
        [
            _("お送りしたURLから、すでに発行申請の手続きが進んでいます。"),
            _("申請を取りやめるときは、メールのURLから開く状況の画面で取り下げてください。"),
        ],
        status_code=409,
        kind="wait",
        actions=[Action(_("前の画面へ"), address_of(form, 3), plain=True)],
    )


def engine_is_away(request: Request, form: Form) -> Response:
    """Nothing could be handed in; the same page works later."""
    page = message(
        request,
        _("ただいま受け付けられません"),
        [_("しばらくしてから、前の画面に戻ってもう一度お試しください。入力内容はそのままです。")],
        status_code=503,
        kind="wait",
        actions=[Action(_("前の画面へ"), address_of(form, 3))],
    )
    return rates.retry_after(page, timedelta(minutes=1))


def _in_other_language(request: Request, form: Form, step: int) -> str:
    """The page may be the answer to a POST, so the link names the step and the form."""
    here = language_of(request)
    other = Language.JA if here is Language.EN else Language.EN
    return f"{address_of(form, step)}&lang={other.value}"
