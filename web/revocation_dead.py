"""Links to a revocation that do not lead on: each says why, and how to get a new one. None names anybody."""

from fastapi import Request, Response
from starlette import status

from domain.link_token import BadToken, MalformedToken
from domain.tenant import Tenant
from web import dead_links
from web.i18n import _
from web.pages import Action


def junk(request: Request, tenant: Tenant, error: BadToken) -> Response:
    """A token that is not ours, or of a key that was retired. Nothing was looked up."""
    if isinstance(error, MalformedToken):
        reason = _(
            "URLが途中で切れているか、余分な文字が含まれています。メールに記載されたURLを、最後まで省略せずに開いてください。"
        )
    else:
        reason = _(
            "URLの一部が変わっている可能性があります。メールに記載されたURLを、もう一度そのまま開いてください。"
        )
    return _dead(request, tenant, _("URLが正しくありません"), reason, status_code=status.HTTP_404_NOT_FOUND)


def unknown(request: Request, tenant: Tenant) -> Response:
    """A link or path that names nothing of which there is a trace."""
    return _dead(
        request,
        tenant,
        _("証明書が見つかりません"),
        _("このURLの証明書は、登録されていないか、保存期間を過ぎて消去されています。"),
        status_code=status.HTTP_404_NOT_FOUND,
    )


def superseded(request: Request, tenant: Tenant) -> Response:
    """An older link than the newest one that was mailed."""
    return _dead(
        request,
        tenant,
        _("このURLは新しいURLに置き換えられました"),
        _("いちばん新しいメールのURLを開いてください。このURLはお使いいただけません。"),
    )


def elsewhere(request: Request, tenant: Tenant) -> Response:
    """A link that was pressed in another browser, or long ago in this one."""
    return _dead(
        request,
        tenant,
        _("このURLはすでに使われています"),
        _(
            "URLは、最初に開いたブラウザーでだけ、期限までお使いいただけます。このブラウザーでは、内容を表示できません。"
        ),
    )


def late(request: Request, tenant: Tenant) -> Response:
    """The link's period is over."""
    return _dead(
        request,
        tenant,
        _("URLの有効期限が過ぎました"),
        _("証明書は失効していません。失効するには、もう一度申請してください。"),
    )


def revoked(request: Request, tenant: Tenant) -> Response:
    """There is nothing to revoke any more."""
    return _dead(
        request,
        tenant,
        _("証明書は失効しています"),
        _("この証明書の失効の手続きは終わっています。お手続きいただくことはありません。"),
        again=False,
    )


def expired(request: Request, tenant: Tenant) -> Response:
    """The certificate has ended by itself."""
    return _dead(
        request,
        tenant,
        _("証明書の有効期間は終わっています"),
        _("有効期間が終わった証明書は、失効の手続きがなくても使えません。"),
        again=False,
    )


def _dead(
    request: Request,
    tenant: Tenant,
    title: str,
    reason: str,
    *,
    status_code: int = status.HTTP_410_GONE,
    again: bool = True,
) -> Response:
    paragraphs, actions = [reason], [Action(_("トップページへ"), f"/{tenant.name}/", plain=True)]
    if again:
        paragraphs.append(
            _("新しいURLは、失効申請のページから、証明書に記載されたメールアドレスで受け取れます。")
        )
        actions = [Action(_("失効申請"), f"/{tenant.name}/revocation")]
    return dead_links.dead(request, title, paragraphs, status_code=status_code, actions=actions)
