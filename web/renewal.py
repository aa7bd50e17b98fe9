"""更新: the link in a reminder opens the registration with everything but the ticket filled in.

The link says only which enrolment is followed and to whom it was mailed. What the new application shows of
the old one, it shows to who has proved the same address by redeeming the new enrolment's own link.
"""

from fastapi import APIRouter, Request, Response

from domain.application import Application
from domain.link_token import RENEWAL_BY_PRINCIPAL, BadToken, LinkToken, Purpose, verify
from domain.stage import Applicant
from domain.tenant import Tenant
from records import certificates, enrolments
from records.enrolments import Details, Enrolment
from web import dead_links
from web.application_form import field_names, label_of
from web.house import House, house_of
from web.i18n import _
from web.pages import Action, Fact, TenantOfPath
from web.registration_form import successor_form
from web.registration_pages import moved

router = APIRouter(prefix="/{tenant}")


@router.get("/renewal")
async def begin(request: Request, tenant: TenantOfPath) -> Response:
    """Open the registration form for who is to renew a certificate; nothing durable is changed."""
    house, text = house_of(request), request.query_params.get("onetimetoken", "")
    try:
        token = verify(text, house.settings.link_keyring, None)
    except BadToken as error:
        return dead_links.junk(request, tenant, error)
    async with house.database.begin() as session:
        enrolment = await enrolments.find(session, house.vault, token.reference.text)
        certificate = await certificates.of_enrolment(session, token.reference.text)
    owner = house.tenants.get(enrolment.tenant) if enrolment else None
    if enrolment is None or owner is None:
        return dead_links.unknown(request, tenant)
    if owner.name != tenant.name or token.purpose is not Purpose.RENEWAL:
        return dead_links.misplaced(request, tenant, owner, token, text)
    details = enrolment.details
    if details is None or details.application is None or certificate is None or certificate.revoked_at:
        return _over(request, tenant)
    fields = _fields(tenant, token, enrolment, details, details.application)
    form = successor_form(tenant, fields, notice="renewal", renews=enrolment.reference)
    return moved(request, house, form, 1)


async def renewed_application(house: House, enrolment: Enrolment) -> Application | None:
    """The application whose certificate an enrolment renews, if its applicant is one of that one's people.

    To be shown only to who has redeemed the enrolment's own link: that proves the address.
    """
    details = enrolment.details
    if details is None or details.renews is None:
        return None
    async with house.database.begin() as session:
        older = await enrolments.find(session, house.vault, details.renews)
    if older is None or older.tenant != enrolment.tenant or older.details is None:
        return None
    application = older.details.application
    if application is None:
        return None
    people = {older.details.email.lower(), application.email.lower()}
    return application if details.email.lower() in people else None


def changes_of(before: Application, now: Application, applicant: Applicant) -> list[Fact]:
    """What is different in an application from the one that it follows, with both values."""
    names = [name for name in (*field_names(applicant), "email") if name != "email_confirmation"]
    return [
        Fact(label_of(name, applicant), _was_and_is(_value(before, name), _value(now, name)))
        for name in dict.fromkeys(names)
        if _value(before, name) != _value(now, name)
    ]


def _was_and_is(was: str, now: str) -> list[str]:
    return [_("前回：%(was)s", was=was or _("（なし）")), _("今回：%(now)s", now=now)]


def _value(application: Application, name: str) -> str:
    if name == "validity_years":
        return _("1年") if application.validity_years == 1 else _("2年")
    return str(getattr(application, name) or "")


def _fields(
    tenant: Tenant, token: LinkToken, enrolment: Enrolment, details: Details, application: Application
) -> dict[str, str]:
    """What is filled in for the person to whom the link was mailed."""
    by_principal = token.generation == RENEWAL_BY_PRINCIPAL
    applicant = Applicant.PRINCIPAL if by_principal else enrolment.applicant
    email = application.email if by_principal else details.email
    return {
        "applicant": applicant.value,
        "company_code": tenant.company_code,
        "email": email,
        "email_confirmation": email,
    }


def _over(request: Request, tenant: Tenant) -> Response:
    return dead_links.dead(
        request,
        _("このURLからは更新できません"),
        [
            _("この証明書は失効しているか、申請の情報が保存期間を過ぎて消去されています。"),
            _("証明書が必要な場合は、申請登録からお始めください。"),
        ],
        actions=[Action(_("申請登録へ"), f"/{tenant.name}/regist/step1")],
    )
