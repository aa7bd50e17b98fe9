"""Pages for what is not there or went wrong, each with a way on."""

from datetime import timedelta

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from web.api_problems import ApiProblem, note_away, problem
from web.house import house_of
from web.i18n import _
from web.pages import Action, UnknownTenant, message
from web.rates import retry_after

_BACK_WITHIN = timedelta(minutes=1)


def install(app: FastAPI) -> None:
    """Answer these exceptions with pages."""
    app.add_exception_handler(UnknownTenant, _unknown_tenant)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(RequestValidationError, _malformed)


def broken(request: Request) -> Response:
    """Something of ours is broken."""
    if _is_api(request):
        return problem(house_of(request), ApiProblem("broken"))
    return message(
        request,
        _("システムでエラーが発生しました"),
        [
            _("ご迷惑をおかけして申し訳ありません。エラーの内容は記録されました。"),
            _("しばらくしてから、前の画面に戻ってもう一度お試しください。"),
        ],
        status_code=500,
        kind="wrong",
        actions=[_top(request)],
    )


def _database_away(request: Request, error: Exception) -> Response:
    """The database cannot be reached, or went away on the way; pressing the same button again is safe."""
    note_away(error)
    page = message(
        request,
        _("ただいまシステムにつながりません"),
        [_("しばらくしてから、前の画面に戻って、もう一度ボタンを押してください。")],
        status_code=503,
        kind="wrong",
    )
    return retry_after(page, _BACK_WITHIN)


def foreign_form(request: Request) -> Response:
    """A form that was sent from another site's page."""
    if _is_api(request):
        return problem(house_of(request), ApiProblem("foreign-form"))
    return message(
        request,
        _("この操作は受け付けられません"),
        [
            _("別のサイトから送られた操作か、送信元が確かめられない操作です。何も変更されていません。"),
            _("このサイトの画面から、もう一度操作してください。"),
        ],
        status_code=403,
        kind="wrong",
        actions=[_top(request)],
    )


def _unknown_tenant(request: Request, _error: Exception) -> Response:
    return message(
        request,
        _("ページが見つかりません"),
        [
            _("このアドレスのサービスはありません。"),
            _("ご利用の電子契約サービスから案内されたアドレスをご確認ください。"),
        ],
        status_code=404,
        actions=[Action(_("サービスの一覧へ"), "/")],
    )


def _http(request: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (400, None)
    title, says = _words(status)
    page = message(request, title, [says], status_code=status, actions=[_top(request)])
    page.headers.update(headers or {})
    return page


def _words(status: int) -> tuple[str, str]:
    match status:
        case 404:
            return (
                _("ページが見つかりません"),
                _("アドレスが誤っているか、ページがなくなっています。アドレスをご確認ください。"),
            )
        case 405:
            return (
                _("この操作はできません"),
                _("このアドレスは、そのような操作を受け付けていません。画面のボタンから操作してください。"),
            )
        case 413:
            return (_("送信された内容が大きすぎます"), _("入力した内容を短くして、もう一度お試しください。"))
        case _:
            return (
                _("この操作は受け付けられません"),
                _("送信された内容を読み取れませんでした。前の画面に戻って、もう一度お試しください。"),
            )


def _malformed(request: Request, _error: Exception) -> Response:
    """An address with a part that cannot be read, such as a picture's id: there is no such page."""
    return _http(request, HTTPException(404))


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _top(request: Request) -> Action:
    name = request.url.path.split("/")[1] if "/" in request.url.path else ""
    if name in house_of(request).tenants:
        return Action(_("トップページへ"), f"/{name}/")
    return Action(_("サービスの一覧へ"), "/")
