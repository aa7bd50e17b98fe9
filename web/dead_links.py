"""Links and sessions that do not lead on: each says why, and what to do instead.

None of these pages shows personal data, and a new link goes to the registered address only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from fastapi import Request, Response
from starlette import status

from domain.link_token import BadToken, LinkToken, MalformedToken, Purpose, UnknownKey
from domain.reference import Reference
from domain.stage import Stage
from domain.tenant import Tenant
from records.enrolments import Enrolment
from web import i18n
from web.endings import ending_of
from web.i18n import _
from web.pages import Action, render
from web.rates import retry_after
from web.session import home_of


@dataclass(frozen=True)
class Offer:
    """A button that has a new link mailed: `purpose` is application, approval or status."""

    reference: str
    purpose: str
    label: str


def link_url(tenant: str, purpose: Purpose, token: str) -> str:
    """The address, on this site, of a mailed link."""
    return f"/{tenant}/{purpose.path}?onetimetoken={token}"


def dead(
    request: Request,
    title: str,
    paragraphs: Sequence[str],
    *,
    status_code: int = status.HTTP_410_GONE,
    offer: Offer | None = None,
    actions: Sequence[Action] = (),
    reference: str | None = None,
) -> Response:
    """A page that explains why a link does not lead on, with an offer and other ways."""
    return render(
        request,
        "dead_link.html",
        status_code,
        title=title,
        paragraphs=list(paragraphs),
        offer=offer,
        form_id=uuid4().hex,
        actions=list(actions),
        reference=reference,
    )


def junk(request: Request, tenant: Tenant, error: BadToken) -> Response:
    """A token that is not ours, or of a key that was retired. Nothing was looked up."""
    if isinstance(error, UnknownKey):
        title = _("このURLは古いため、お使いいただけません")
        paragraphs = [_("お送りしてから時間がたち、URLの確認に必要な情報が残っていません。")]
        status_code = status.HTTP_410_GONE
    elif isinstance(error, MalformedToken):
        title = _("URLが正しくありません")
        paragraphs = [
            _(
                "URLが途中で切れているか、余分な文字が含まれています。メールに記載されたURLを、最後まで省略せずに開いてください。"
            )
        ]
        status_code = status.HTTP_404_NOT_FOUND
    else:
        title = _("このURLは確認できませんでした")
        paragraphs = [
            _(
                "URLの一部が変わっている可能性があります。メールに記載されたURLを、もう一度そのまま開いてください。"
            )
        ]
        status_code = status.HTTP_404_NOT_FOUND
    paragraphs.append(
        _("それでも開けないときは、新しいURLを登録済みのメールアドレスでお受け取りいただけます。")
    )
    return dead(request, title, paragraphs, status_code=status_code, actions=_ask_or_register(tenant.name))


def misplaced(request: Request, tenant: Tenant, owner: Tenant, token: LinkToken, text: str) -> Response:
    """A good link, opened at another service's or another procedure's address."""
    if owner.name != tenant.name:
        service = owner.service_name.of(i18n.language_of(request))
        paragraph = _(
            "このURLは「%(service)s」の別の窓口のものです。次のボタンから正しいページをお開きください。",
            service=service,
        )
    else:
        paragraph = _(
            "このURLは、このページのものではありません。次のボタンから正しいページをお開きください。"
        )
    right = Action(_("正しいページを開く"), link_url(owner.name, token.purpose, text))
    return dead(
        request,
        _("このURLは別のページのものです"),
        [paragraph],
        status_code=status.HTTP_404_NOT_FOUND,
        actions=[right],
    )


def unknown(request: Request, tenant: Tenant) -> Response:
    """A link or path that names an enrolment of which there is no trace."""
    return dead(
        request,
        _("申請が見つかりません"),
        [
            _("このURLの申請は、登録されていないか、保存期間を過ぎて消去されています。"),
            _("証明書が必要な場合は、申請登録からやり直してください。"),
        ],
        status_code=status.HTTP_404_NOT_FOUND,
        actions=_ask_or_register(tenant.name),
    )


def superseded(request: Request, enrolment: Enrolment, purpose: Purpose) -> Response:
    """An older link than the newest one that was mailed."""
    return dead(
        request,
        _("このURLは新しいURLに置き換えられました"),
        [
            _("より新しいURLをメールでお送りしているため、このURLはお使いいただけません。"),
            _("いちばん新しいメールのURLを開いてください。見つからないときは、あらためてお送りします。"),
        ],
        offer=offer_of(enrolment, purpose),
        reference=enrolment.reference,
    )


def elsewhere(request: Request, enrolment: Enrolment, purpose: Purpose) -> Response:
    """A link that was pressed in another browser, or long ago in this one."""
    return dead(
        request,
        _("このURLはすでに使われています"),
        [
            _(
                "URLは、最初に開いたブラウザーでだけ、期限までお使いいただけます。このブラウザーでは、申請の内容を表示できません。"
            ),
            _(
                "このブラウザーで続けるには、新しいURLをメールで受け取ってください。登録済みのメールアドレスにだけお送りします。入力途中の内容は残っています。"
            ),
        ],
        offer=offer_of(enrolment, purpose),
        reference=enrolment.reference,
    )


def overtaken(request: Request, enrolment: Enrolment) -> Response:
    """A session of an older link than the one that was pressed last, perhaps in another browser."""
    return dead(
        request,
        _("この申請は、より新しいURLで開かれています"),
        [
            _("新しいURLが開かれたため、このページでの手続きは続けられません。入力した内容は残っています。"),
            _(
                "いちばん新しいメールのURLを最初に開いたブラウザーで続けるか、新しいURLをメールで受け取ってください。登録済みのメールアドレスにだけお送りします。"
            ),
        ],
        offer=offer_of(enrolment, Purpose.APPLICATION),
        reference=enrolment.reference,
    )


def needs_application_link(request: Request, enrolment: Enrolment) -> Response:
    """The application form, visited through a link that only shows where the enrolment stands."""
    where = f"{home_of(enrolment.tenant, enrolment.reference)}/status"
    return dead(
        request,
        _("発行申請には、発行申請用のURLが必要です"),
        [
            _(
                "状況確認のURLからは、発行申請情報を入力できません。発行申請用の新しいURLをメールでお受け取りください。入力途中の内容は残っています。"
            )
        ],
        status_code=status.HTTP_403_FORBIDDEN,
        offer=offer_of(enrolment, Purpose.APPLICATION),
        actions=[Action(_("申請の状況に戻る"), where, plain=True)],
        reference=enrolment.reference,
    )


def over(request: Request, enrolment: Enrolment) -> Response:
    """An enrolment that has ended: how, and what to do next."""
    ending = ending_of(enrolment.outcome)
    if enrolment.stage is Stage.ISSUED:
        actions = [Action(_("失効申請"), f"/{enrolment.tenant}/revocation", plain=True)]
    else:
        actions = [Action(_("申請登録へ"), f"/{enrolment.tenant}/regist/step1")]
    return dead(
        request,
        _(ending.title),
        [_(ending.reason), _(ending.next)],
        actions=actions,
        reference=enrolment.reference,
    )


def late(request: Request, enrolment: Enrolment) -> Response:
    """A press that came after the deadline, while the enrolment's end is still being written down."""
    if enrolment.stage.ended:
        return over(request, enrolment)
    return dead(
        request,
        _("URLの有効期限が過ぎました"),
        [
            _("このURLの有効期限が過ぎているか、より新しいURLをお送りしています。"),
            _(
                "新しいメールが届いていないか、ご確認ください。届いていない場合は、申請登録からやり直してください。チケット番号はもう一度ご利用いただけます。"
            ),
        ],
        actions=_ask_or_register(enrolment.tenant),
        reference=enrolment.reference,
    )


def sent_back(request: Request, enrolment: Enrolment) -> Response:
    """The principal's link, after the application went back to the agent."""
    return dead(
        request,
        _("申請は差し戻されています"),
        [
            _("この申請は代理人に差し戻され、代理人が内容を直しています。"),
            _(
                "直した申請が送信されると、承認のための新しいURLをメールでお送りします。いまお手続きいただくことはありません。"
            ),
        ],
        reference=enrolment.reference,
    )


def decided(request: Request, enrolment: Enrolment) -> Response:
    """The principal's link, after the approval was given."""
    return dead(
        request,
        _("この申請は承認されています"),
        [
            _("承認の手続きは済んでおり、発行の準備を進めています。"),
            _("証明書が発行されると、メールでお知らせします。いまお手続きいただくことはありません。"),
        ],
        reference=enrolment.reference,
    )


def approval_late(request: Request, enrolment: Enrolment) -> Response:
    """A decision of the principal's that came too late, or before there was anything to decide."""
    if enrolment.stage.ended:
        return over(request, enrolment)
    return dead(
        request,
        _("この決定は受け付けられませんでした"),
        [
            _("承認の期限が過ぎたか、より新しい承認のお願いをお送りしています。"),
            _(
                "いちばん新しいメールをご確認ください。お心当たりのない場合は、お手続きいただくことはありません。"
            ),
        ],
        status_code=status.HTTP_409_CONFLICT,
        offer=offer_of(enrolment, Purpose.APPROVAL),
        reference=enrolment.reference,
    )


def too_often(request: Request, tenant: Tenant, wait: timedelta) -> Response:
    """A rate limit was reached: when to try again (RFC 6585, section 4)."""
    again = datetime.now(UTC) + wait
    response = render(
        request,
        "message.html",
        status.HTTP_429_TOO_MANY_REQUESTS,
        title=_("少し時間をおいてください"),
        kind="wait",
        paragraphs=[
            _("短い時間に何度もお手続きがあったため、いまは受け付けられません。"),
            _(
                "%(wait)s後（%(moment)s以降）に、もう一度お試しください。",
                wait=i18n.wait(wait),
                moment=i18n.moment(again),
            ),
            _("先にお送りしたメールが迷惑メールに入っていないかも、ご確認ください。"),
        ],
        actions=[Action(_("トップページへ"), f"/{tenant.name}/", plain=True)],
    )
    return retry_after(response, wait)


def offer_of(enrolment: Enrolment, purpose: Purpose) -> Offer | None:
    """The new link that an enrolment can mail now, if it has not ended."""
    if enrolment.stage.ended:
        return None
    reference = enrolment.reference
    if purpose is Purpose.APPROVAL:
        if enrolment.stage is not Stage.AWAITING_APPROVAL:
            return None
        return Offer(reference, "approval", _("新しいURLをメールで受け取る"))
    if enrolment.stage in {Stage.REGISTERED, Stage.APPLYING}:
        return Offer(reference, "application", _("新しいURLをメールで受け取る"))
    return Offer(reference, "status", _("状況確認のURLをメールで受け取る"))


def grouped(reference: str) -> str:
    """A reference as people see it."""
    return Reference.parse(reference).grouped


def _ask_or_register(tenant: str) -> list[Action]:
    return [
        Action(_("状況確認"), f"/{tenant}/status"),
        Action(_("申請登録へ"), f"/{tenant}/", plain=True),
    ]
