"""自動連携: the e-contract service sends somebody in, with company code and perhaps address filled in.

The link is sealed, for an address in a signed one could be read. It opens any number of times for fifteen
minutes, changes nothing durable, and leads to a clean address; what it fixes goes on from seal to seal,
never through the browser's forms.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.stage import Applicant
from domain.tenant import Tenant
from web.house import house_of
from web.i18n import _
from web.pages import Action, TenantOfPath, message
from web.registration_form import launched_form
from web.registration_pages import moved

router = APIRouter(prefix="/{tenant}")

GOOD_FOR = timedelta(minutes=15)
_PURPOSE = "launch-link"


def launch_link(
    request: Request, tenant: Tenant, applicant: Applicant, email: str | None
) -> tuple[str, datetime]:
    """A link that sends somebody in, and until when it does. `email` is the principal's, checked."""
    house = house_of(request)
    until = (datetime.now(UTC) + GOOD_FOR).replace(microsecond=0)
    facts = {"tenant": tenant.name, "applicant": applicant.value, "email": email}
    query = urlencode({"link": house.sealer.seal(_PURPOSE, facts, until)})
    return f"{house.settings.web_origin}/{tenant.name}/launch?{query}", until


@router.get("/launch")
async def launch(request: Request, tenant: TenantOfPath, link: str = "") -> Response:
    """Open the registration form that the link stands for."""
    house = house_of(request)
    facts = house.sealer.open(_PURPOSE, link)
    if facts is None:
        return _dead(request, tenant, expired=house.sealer.age(_PURPOSE, link) is not None)
    if facts["tenant"] != tenant.name:
        return _dead(request, tenant, expired=False)
    email = None if facts["email"] is None else str(facts["email"])
    form = launched_form(tenant, Applicant(str(facts["applicant"])), email)
    return moved(request, house, form, 1)


def _dead(request: Request, tenant: Tenant, *, expired: bool) -> Response:
    if expired:
        title = _("このリンクの有効期限が切れています")
        reason = _("電子契約サービスからのリンクは、15分間だけ有効です。")
    else:
        title = _("このリンクは使えません")
        reason = _("リンクが途中で切れているか、内容が変わっています。")
    return message(
        request,
        title,
        [
            reason,
            _("電子契約サービスの画面に戻って、もう一度お進みください。"),
            _(
                "このまま申請登録に進むこともできます。その場合は、企業コードとメールアドレスを入力してください。"
            ),
        ],
        status_code=status.HTTP_410_GONE if expired else status.HTTP_400_BAD_REQUEST,
        kind="wait",
        actions=[Action(_("申請登録へ"), f"/{tenant.name}/regist/step1")],
    )
