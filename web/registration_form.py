"""One registration form as the browser keeps it: sealed, a cookie per form, so that tabs do not meet.

The form's id is random and made here; the enrolment's reference derives from it, so that the same
form sent twice is one enrolment.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from domain.problem import Problem
from domain.reference import Reference
from domain.stage import Applicant
from domain.tenant import Tenant
from web.forms import Mistake
from web.house import House

FIELDS = ("applicant", "company_code", "ticket_number", "email", "email_confirmation")
MAXIMUM: dict[str, int] = {
    "company_code": 64,
    "ticket_number": 64,
    "email": 254,
    "email_confirmation": 254,
}
"""What the inputs take at most. More than the rules allow, so that pasted spaces are not cut off."""

KEPT = timedelta(hours=2)
"""How long an unfinished form is kept; a registered one is kept as long as its mailed link."""

FORMS_AT_ONCE = 12
"""Forms that one browser keeps; an agent with more open loses the oldest."""

_PURPOSE = "registration"
_COOKIE = "jcan_form_"
_FORM_ID = re.compile(r"[0-9a-f]{32}")
_KEPT_CHARACTERS = 300

Notice = Literal["", "lost", "corrected", "next", "renewal"]


class Told(BaseModel):
    """A problem at a field, in a shape that a cookie can hold."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str
    params: dict[str, str | int] = {}

    @property
    def mistake(self) -> Mistake:
        """What `web.forms` has a sentence for."""
        return Mistake(self.code, self.params)


class Form(BaseModel):
    """What was typed, what was wrong with it, and how far it has come.

    `progress`: a form that is "checked" may be confirmed; "accepted", "resent" and "unknown" are the
    desk's answers. `replaces` is the enrolment that an address correction withdrew. `notice` says
    how the form came to be. `fixed` are the fields whose values came sealed in an e-contract service's
    link: what is posted for them does not count. `renews` is the enrolment whose certificate this follows.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    form_id: str
    tenant: str
    fields: dict[str, str] = {}
    problems: dict[str, Told] = {}
    progress: Literal["open", "checked", "accepted", "resent", "unknown"] = "open"
    replaces: str = ""
    notice: Notice = ""
    fixed: tuple[str, ...] = ()
    renews: str = ""

    @property
    def launched(self) -> bool:
        """Whether an e-contract service has sent this person in; it knows them, so they copy no picture."""
        return bool(self.fixed)

    @property
    def applicant(self) -> Applicant | None:
        """Who applies, once chosen."""
        chosen = self.fields.get("applicant")
        return Applicant(chosen) if chosen in set(Applicant) else None

    @property
    def registered(self) -> bool:
        """Whether the desk has this form."""
        return self.progress in {"accepted", "resent", "unknown"}

    @property
    def mistakes(self) -> dict[str, Mistake]:
        """The problems, in the order of the form."""
        return {name: told.mistake for name, told in self.problems.items()}

    def typed(self, raw: Mapping[str, str]) -> Self:
        """The form with what was posted.

        A field that was not posted (because it was disabled), or that is fixed, keeps what it had.
        Nonsense of any length is cut, as a cookie has 4 KB.
        """
        free = [name for name in FIELDS if name in raw and name not in self.fixed]
        kept = {name: raw[name][:_KEPT_CHARACTERS] for name in free}
        changes = {"fields": {**self.fields, **kept}, "problems": {}, "progress": "open", "notice": ""}
        return self.model_copy(update=changes)

    def with_problems(self, problems: Mapping[str, Problem | Mistake]) -> Self:
        """The form with what is wrong with it."""
        told = {name: Told(code=p.code, params=dict(p.params)) for name, p in problems.items()}
        return self.model_copy(update={"problems": told})

    def at(self, progress: Literal["checked", "accepted", "resent", "unknown"]) -> Self:
        """The form one step further, nothing wrong with it."""
        return self.model_copy(update={"progress": progress, "problems": {}, "notice": ""})


def new_form(tenant: Tenant, notice: Notice = "", **fields: str) -> Form:
    """A form with an id of its own and perhaps some fields filled in."""
    return successor_form(tenant, fields, notice)


def launched_form(tenant: Tenant, applicant: Applicant, email: str | None) -> Form:
    """The form of somebody whom an e-contract service sends in; `email` is the principal's, if told."""
    fields = {"applicant": applicant.value, "company_code": tenant.company_code}
    if email is not None:
        fields |= {"email": email, "email_confirmation": email}
    return successor_form(tenant, fields, fixed=tuple(fields))


def successor_form(
    tenant: Tenant,
    fields: Mapping[str, str],
    notice: Notice = "",
    replaces: str = "",
    fixed: tuple[str, ...] = (),
    renews: str = "",
) -> Form:
    """A form with an id of its own that goes on with what another had."""
    return Form(
        form_id=secrets.token_hex(16),
        tenant=tenant.name,
        fields=dict(fields),
        notice=notice,
        replaces=replaces,
        fixed=fixed,
        renews=renews,
    )


def reference_of(form: Form, house: House) -> Reference:
    """The reference (受付番号) of the enrolment that this form starts."""
    message = b"registration form\0" + form.form_id.encode()
    digest = hmac.new(house.settings.digest_key, message, hashlib.sha256).digest()
    return Reference.from_bytes(digest[:8])


def kept_form(request: Request, house: House, tenant: Tenant, form_id: str) -> Form | None:
    """The form of that id out of this browser's cookies; None if it is not there or over."""
    if not _FORM_ID.fullmatch(form_id):
        return None
    facts = house.sealer.open(_PURPOSE, request.cookies.get(_COOKIE + form_id, ""))
    try:
        form = Form.model_validate(facts)
    except ValidationError:
        return None
    return form if form.form_id == form_id and form.tenant == tenant.name else None


def keep_form(request: Request, response: Response, house: House, form: Form) -> None:
    """Seal the form into its cookie, and let the oldest go where there are too many."""
    kept = house.settings.link_ttl if form.registered else KEPT
    path = f"/{form.tenant}/regist"
    response.set_cookie(
        _COOKIE + form.form_id,
        house.sealer.seal(_PURPOSE, form.model_dump(exclude_defaults=True), datetime.now(UTC) + kept),
        max_age=int(kept.total_seconds()),
        path=path,
        secure=house.settings.web_origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    for name in _superfluous(request, house, form):
        response.delete_cookie(name, path=path)


def _superfluous(request: Request, house: House, form: Form) -> list[str]:
    mine = _COOKIE + form.form_id
    others = [name for name in request.cookies if name.startswith(_COOKIE) and name != mine]
    ages = {name: house.sealer.age(_PURPOSE, request.cookies[name]) for name in others}
    forever = timedelta.max
    by_age = sorted(others, key=lambda name: ages[name] or forever)
    return by_age[FORMS_AT_ONCE - 1 :]
