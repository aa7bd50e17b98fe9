"""失効申請: the form that has a link mailed with which a certificate is revoked.

The answer is the same page whether anything matched or not, and matching goes on behind it, so that not even
the time that it takes tells anything.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from starlette import status
from starlette.background import BackgroundTask

from domain.email import parse_email
from domain.form import FormCheck
from domain.problem import FieldErrors, Problem, RuleBroken
from domain.revocation import RevocationReason, parse_reason, parse_serial
from domain.tenant import Tenant
from domain.ticket import parse_ticket_number
from engine.unavailable import EngineUnavailable
from records import certificates
from records.tables import Certificate
from telemetry.logs import logger
from web import rates
from web.captcha import Pictures
from web.forms import Mistake, posted, sentences
from web.house import House, house_of
from web.i18n import _, language_of
from web.pages import Action, TenantOfPath, message, render, see_other
from web.revocation_words import is_valid, reason_options
from web.safety import network_of
from web.telling import TooOften, away, count, is_away, now
from web.visits import in_other_language
from workflows.messages import RequestRevocation

router = APIRouter(prefix="/{tenant}/revocation")
log = logger("jcan.web")

FIELDS = ("email", "number", "reason")
_FORM_ID = re.compile(r"[0-9a-f]{32}")
_KEPT_CHARACTERS = 300

Problems = Mapping[str, Problem | Mistake]


class Wish:
    """What a form asks for: which certificate, by its address and one of its numbers, and why."""

    def __init__(self, form_id: str, email: str, number: str, reason: RevocationReason) -> None:
        """`email` and `number` folded; the number is a ticket's or a certificate's serial."""
        self.form_id = form_id
        self.email = email
        self.number = number
        self.reason = reason

    @property
    def press(self) -> str:
        """The id of this wish: the same form with the same contents, however often it is sent.

        Nobody guesses what was typed from it, for the form's id is random.
        """
        typed = (self.form_id, self.email, self.number, self.reason.value)
        return hashlib.sha256("\0".join(typed).encode()).hexdigest()[:32]


@router.get("")
async def show_form(
    request: Request, tenant: TenantOfPath, form_id: Annotated[str, Query(alias="form")] = ""
) -> Response:
    """The form, empty."""
    return await _form(request, tenant, {"form": form_id}, {})


@router.post("")
async def take_form(request: Request, tenant: TenantOfPath) -> Response:
    """画像を変更, and the request itself."""
    raw = await posted(request)
    if raw.get("act") == "picture":
        return await _form(request, tenant, raw, {})
    house = house_of(request)
    waiting = await rates.take(house, {rates.REVOCATION_CHECKS_PER_NETWORK: network_of(request)})
    if waiting is not None:
        return await _too_often(request, tenant, raw, waiting)
    form_id = _form_id(raw)
    checked = _checked(form_id, raw)
    problems = dict(checked) if isinstance(checked, Mapping) else {}
    problems |= await Pictures(house).problems(form_id, raw)
    if problems or not isinstance(checked, Wish):
        return await _form(request, tenant, raw, problems)
    return await _ask(request, tenant, raw, checked)


@router.get("/sent")
async def sent(request: Request, tenant: TenantOfPath) -> Response:
    """The same answer for everybody."""
    return message(
        request,
        _("受け付けました"),
        [
            _(
                "入力された内容に当てはまる有効な証明書がある場合は、証明書に記載されたメールアドレスに、失効の確認のURLをお送りします。"
            ),
            _("まだ失効していません。メールのURLを開き、内容を確認して「失効する」を押すと失効します。"),
            _(
                "10分たっても届かないときは、迷惑メールに入っていないか、入力した内容に誤りがないかをご確認ください。すでに失効した証明書や、有効期間が終わった証明書については、メールは届きません。"
            ),
        ],
        kind="right",
        actions=[Action(_("トップページへ"), f"/{tenant.name}/", plain=True)],
    )


async def _ask(request: Request, tenant: Tenant, raw: Mapping[str, str], wish: Wish) -> Response:
    if await is_away(request):
        # Nobody's link could be asked for: to say so tells nothing of who has a certificate.
        return away(request)
    address = f"{tenant.name}:{wish.email.lower()}"
    uses = [(limit, address) for limit in rates.REVOCATIONS_PER_ADDRESS]
    try:
        await count(request, wish.press, [*uses, (rates.REVOCATIONS_PER_NETWORK, network_of(request))])
    except TooOften as refused:
        return await _too_often(request, tenant, raw, refused.wait)
    response = see_other(f"/{tenant.name}/revocation/sent")
    # Also for a press that was counted before: the engine may have been away behind its answer.
    response.background = BackgroundTask(_mail_link, request, tenant, wish)
    return response


async def _mail_link(request: Request, tenant: Tenant, wish: Wish) -> None:
    house = house_of(request)
    asked = RequestRevocation(
        message_id=f"form-{wish.press}",
        received_at=now(),
        reason=wish.reason,
        language=language_of(request),
    )
    try:
        for certificate in await _meant(house, tenant, wish):
            await house.registry.tell(certificate.serial, asked)
    except EngineUnavailable:
        log.warning("the link to a revocation could not be asked for: the engine does not answer")


async def _meant(house: House, tenant: Tenant, wish: Wish) -> list[Certificate]:
    """The valid certificates of the tenant that name the address, and have the number or the ticket."""
    async with house.database.begin() as session:
        found = await certificates.naming(
            session, house.vault, house.settings.digest_key, tenant.name, wish.email
        )
    return [
        certificate
        for certificate, enrolment in found
        if is_valid(certificate)
        and enrolment.details is not None
        and wish.number in {certificate.serial, enrolment.details.ticket_number}
    ]


def _checked(form_id: str, raw: Mapping[str, str]) -> Wish | Problems:
    form = FormCheck(raw)
    email = form.value("email", parse_email)
    number = form.value("number", _parse_number)
    reason = form.value("reason", parse_reason)
    try:
        form.finish()
    except FieldErrors as errors:
        return errors.problems
    return Wish(form_id, str(email), str(number), RevocationReason(str(reason)))


def _parse_number(text: str) -> str:
    """A ticket's number or a serial. Raises RuleBroken: `required`, `ticket_or_serial_format`."""
    if not text.strip():
        raise RuleBroken("required")
    for parse in (parse_ticket_number, parse_serial):
        try:
            return parse(text)
        except RuleBroken:
            continue
    raise RuleBroken("ticket_or_serial_format")


async def _form(
    request: Request,
    tenant: Tenant,
    raw: Mapping[str, str],
    problems: Problems,
    sorry: str = "",
    status_code: int = status.HTTP_200_OK,
) -> Response:
    """The form with what was typed; a new picture unless one is solved. `sorry` is told on top."""
    house = house_of(request)
    pictures, form_id = Pictures(house), _form_id(raw)
    solved = await pictures.is_solved(form_id)
    if not solved and not sorry:
        waiting = await rates.take(house, {rates.PICTURES_PER_NETWORK: network_of(request)})
        if waiting is not None:
            return await _too_often(request, tenant, raw, waiting)
    return render(
        request,
        "revocation.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status_code,
        form_id=form_id,
        fields={name: raw.get(name, "")[:_KEPT_CHARACTERS] for name in FIELDS},
        reasons=reason_options(),
        problems=sentences(problems, language_of(request)),
        sorry=sorry,
        off=False,
        solved=solved,
        picture=None if solved or sorry else await pictures.new(),
        other_language_url=in_other_language(request, f"/{tenant.name}/revocation?form={form_id}"),
    )


async def _too_often(
    request: Request, tenant: Tenant, raw: Mapping[str, str], waiting: timedelta
) -> Response:
    answer = partial(_form, sorry=rates.too_often(waiting), status_code=status.HTTP_429_TOO_MANY_REQUESTS)
    return rates.retry_after(await answer(request, tenant, raw, {}), waiting)


def _form_id(raw: Mapping[str, str]) -> str:
    given = raw.get("form", "")
    return given if _FORM_ID.fullmatch(given) else uuid4().hex
