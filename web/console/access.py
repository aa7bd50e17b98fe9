"""Who is at the console: its cookie, who may do what, and what is said to everybody else."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette import status

from records import audit, operators
from records.audit import Fact
from records.operators import Operator, Role
from web.house import House, house_of
from web.i18n import _
from web.pages import Action, message, render, see_other

HOME = "/console"
ACCOUNT = f"{HOME}/account"
COOKIE = "jcan_operator"
# What scripts ask for: they are told in JSON that they are not signed in, and never shown a form.
_FOR_SCRIPTS = ("/codec/", "/temporal/api/", "/temporal/auth/")


class NotSignedIn(Exception):
    """Nobody is signed in in this browser, or the session is over."""


class PasswordDue(Exception):
    """Whoever is signed in has a password that was made for them, and has to choose their own first."""


class NotAllowed(Exception):
    """This is for administrators."""


def install(app: FastAPI) -> None:
    """Answer these exceptions with the sign-in page, the way to a new password, and a refusal."""
    app.add_exception_handler(NotSignedIn, _ask_to_sign_in)
    app.add_exception_handler(PasswordDue, _ask_for_password)
    app.add_exception_handler(NotAllowed, _refuse)


async def at_the_door(request: Request) -> Operator:
    """Who is signed in in this browser, perhaps with nothing to do yet but choose a password.

    Raises NotSignedIn.
    """
    token = request.cookies.get(cookie_name(house_of(request)))
    if token:
        async with house_of(request).database.begin() as session:
            operator = await operators.by_session(session, token, datetime.now(UTC))
        if operator is not None:
            return operator
    raise NotSignedIn


AtTheDoor = Annotated[Operator, Depends(at_the_door)]


async def signed_in(operator: AtTheDoor) -> Operator:
    """Who is signed in in this browser. Raises NotSignedIn, PasswordDue."""
    if operator.must_change:
        raise PasswordDue
    return operator


async def administrator(operator: Annotated[Operator, Depends(signed_in)]) -> Operator:
    """Who is signed in, if that is an administrator. Raises NotSignedIn, PasswordDue, NotAllowed."""
    if operator.role is not Role.ADMINISTRATOR:
        raise NotAllowed
    return operator


SignedIn = Annotated[Operator, Depends(signed_in)]
Administrator = Annotated[Operator, Depends(administrator)]


def cookie_name(house: House) -> str:
    """The name of the session's cookie; over TLS no other host of the domain can set it (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if _secure(house) else COOKIE


def give_cookie(request: Request, response: Response, token: str) -> None:
    """Give this browser a session's cookie. It ends with the browser, and on the server after a while."""
    house = house_of(request)
    response.set_cookie(
        cookie_name(house), token, path="/", httponly=True, samesite="strict", secure=_secure(house)
    )


def take_cookie(request: Request, response: Response) -> None:
    """Take the cookie away."""
    house = house_of(request)
    response.delete_cookie(
        cookie_name(house), path="/", httponly=True, samesite="strict", secure=_secure(house)
    )


def place_of(text: str) -> str:
    """A place of ours to go on to after the sign-in; anything else is the console's first page."""
    parts = urlsplit(text)
    ours = parts.path in {HOME, "/temporal"} or parts.path.startswith((f"{HOME}/", "/temporal/"))
    return text if ours and not (parts.scheme or parts.netloc or "\\" in text) else HOME


async def note(
    request: Request,
    actor: str,
    action: str,
    reference: str | None = None,
    tenant: str | None = None,
    **facts: Fact,
) -> None:
    """Write to the audit trail what somebody did at the console."""
    async with house_of(request).database.begin() as session:
        await audit.add(session, audit.entry_now(actor, action, reference, tenant, **facts))


def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if _is_scripts(request):
        return JSONResponse({"error": "not signed in"}, status.HTTP_401_UNAUTHORIZED)
    return render(
        request,
        "console/sign_in.html",
        status.HTTP_401_UNAUTHORIZED,
        username="",
        next=_wanted(request),
    )


def _ask_for_password(request: Request, _error: Exception) -> Response:
    if _is_scripts(request):
        return JSONResponse({"error": "a password has to be chosen first"}, status.HTTP_403_FORBIDDEN)
    url = f"{ACCOUNT}?{urlencode({'next': _wanted(request)})}"
    return see_other(url)


def _refuse(request: Request, _error: Exception) -> Response:
    if _is_scripts(request):
        return JSONResponse({"error": "for administrators only"}, status.HTTP_403_FORBIDDEN)
    return message(
        request,
        _("この画面は管理者専用です"),
        [_("必要な場合は、管理者にお問い合わせください。")],
        status_code=status.HTTP_403_FORBIDDEN,
        kind="wrong",
        actions=[Action(_("コンソールへ"), HOME)],
    )


def _wanted(request: Request) -> str:
    """Where to go on to after what has to be done first."""
    url = request.url
    return place_of(url.path + (f"?{url.query}" if url.query else "")) if request.method == "GET" else HOME


def _is_scripts(request: Request) -> bool:
    return request.url.path.startswith(_FOR_SCRIPTS)


def _secure(house: House) -> bool:
    return house.settings.web_origin.startswith("https:")
