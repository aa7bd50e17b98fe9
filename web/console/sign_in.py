"""Signing in to the console, and out of it."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from starlette import status

from records import audit, limits, operators
from records.limits import Limit
from records.operators import TRIES
from web import rates
from web.console.access import HOME, AtTheDoor, cookie_name, give_cookie, note, place_of, take_cookie
from web.forms import posted
from web.house import house_of
from web.i18n import _
from web.pages import render, see_other
from web.safety import network_of

router = APIRouter(prefix=HOME)

TRIES_PER_NETWORK = Limit("sign-in-network", 60, timedelta(minutes=15))


@router.get("/sign-in")
async def form(request: Request) -> Response:
    """The sign-in page."""
    return _page(request, "", place_of(request.query_params.get("next", HOME)))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Sign in and go on to where one wanted to go; wrong name or password: the page again."""
    house = house_of(request)
    raw = await posted(request)
    username, place = raw.get("username", "").strip().lower(), place_of(raw.get("next", HOME))
    wait = await rates.take(house, {TRIES: username, TRIES_PER_NETWORK: network_of(request)})
    if wait is not None:
        await note(request, await _known(request, username), "sign_in_locked")
        page = _page(request, username, place, rates.too_often(wait), status.HTTP_429_TOO_MANY_REQUESTS)
        return rates.retry_after(page, wait)
    async with house.database.begin() as session:
        operator = await operators.by_password(session, username, raw.get("password", ""))
        if operator is not None:
            token = await operators.sign_in(session, operator.username, datetime.now(UTC))
            await limits.forget(session, TRIES, username, house.settings.digest_key)
            await audit.add(session, audit.entry_now(operator.actor, "signed_in"))
    if operator is None:
        await note(request, await _known(request, username), "sign_in_refused")
        says = _("ユーザー名またはパスワードが正しくありません")
        return _page(request, username, place, says, status.HTTP_422_UNPROCESSABLE_CONTENT)
    response = see_other(place)
    give_cookie(request, response, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, operator: AtTheDoor) -> Response:
    """Sign out in this browser."""
    house = house_of(request)
    async with house.database.begin() as session:
        await operators.sign_out(session, request.cookies.get(cookie_name(house), ""))
        await audit.add(session, audit.entry_now(operator.actor, "signed_out"))
    response = see_other(f"{HOME}/sign-in")
    take_cookie(request, response)
    return response


def _page(
    request: Request,
    username: str,
    place: str,
    says: str | None = None,
    status_code: int = status.HTTP_200_OK,
) -> Response:
    return render(
        request,
        "console/sign_in.html",
        status_code,
        username=username,
        next=place,
        problems={"username": says} if says else {},
        other_language_url=f"{HOME}/sign-in",
    )


async def _known(request: Request, username: str) -> str:
    """The actor of a failed try: a name that nobody has may be a password in the wrong field."""
    async with house_of(request).database.begin() as session:
        operator = await operators.find(session, username)
    return operator.actor if operator else "stranger"
