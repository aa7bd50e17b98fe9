"""One's own account at the console: who one is here, and changing one's password."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette import status

from domain.problem import Problem
from records import audit, limits, operators
from records.operators import TRIES, Operator
from records.passwords import LONGEST, SHORTEST
from web import rates
from web.console.access import ACCOUNT, HOME, AtTheDoor, give_cookie, note, place_of
from web.console.page import show
from web.console.sign_in import TRIES_PER_NETWORK
from web.forms import Mistake, posted, sentences
from web.house import house_of
from web.i18n import language_of
from web.pages import see_other
from web.safety import network_of

router = APIRouter(prefix=ACCOUNT)


@router.get("")
async def account(request: Request, operator: AtTheDoor) -> Response:
    """Who is signed in, and the form for another password."""
    return _page(request, operator, place_of(request.query_params.get("next", HOME)))


@router.post("")
async def change_password(request: Request, operator: AtTheDoor) -> Response:
    """Take another password; a wrong present one counts like a failed sign-in, and locks like it."""
    house = house_of(request)
    raw = await posted(request)
    place = place_of(raw.get("next", HOME))
    problems = _problems(raw, operator)
    if problems:
        return _page(request, operator, place, problems=sentences(problems, language_of(request)))
    wait = await rates.take(house, {TRIES: operator.username, TRIES_PER_NETWORK: network_of(request)})
    if wait is not None:
        await note(request, operator.actor, "password_locked")
        locked = {"current_password": rates.too_often(wait)}
        page = _page(request, operator, place, status.HTTP_429_TOO_MANY_REQUESTS, problems=locked)
        return rates.retry_after(page, wait)
    token = await _changed(request, operator, raw["current_password"], raw["new_password"])
    if token is None:
        await note(request, operator.actor, "password_refused")
        wrong = sentences({"current_password": Mistake("password_wrong")}, language_of(request))
        return _page(request, operator, place, problems=wrong)
    url = f"{ACCOUNT}?{urlencode({'said': 'changed', 'next': place})}"
    response = see_other(url)
    give_cookie(request, response, token)
    return response


async def _changed(request: Request, operator: Operator, current: str, new: str) -> str | None:
    """Change the password and give the token of the only session from now on; None if `current` is wrong.

    Pressed twice, the second press finds the new password in place: that is done, not wrong.
    """
    house, now = house_of(request), datetime.now(UTC)
    async with house.database.begin() as session:
        if await operators.by_password(session, operator.username, current) is not None:
            token = await operators.change_password(session, operator.username, new, now)
            await audit.add(session, audit.entry_now(operator.actor, "password_changed"))
        elif await operators.by_password(session, operator.username, new) is not None:
            token = await operators.sign_in(session, operator.username, now)
        else:
            return None
        await limits.forget(session, TRIES, operator.username, house.settings.digest_key)
    return token


def _problems(raw: Mapping[str, str], operator: Operator) -> dict[str, Problem | Mistake]:
    """Whatever can be said about the form without knowing the present password, in the form's order."""
    current, new = raw.get("current_password", ""), raw.get("new_password", "")
    again = raw.get("new_password_again", "")
    problems: dict[str, Problem | Mistake] = {}
    if not current:
        problems["current_password"] = Problem("required")
    mistake = _mistake_in(new, current, operator)
    if mistake is not None:
        problems["new_password"] = mistake
    if not again:
        problems["new_password_again"] = Problem("required")
    elif again != new:
        problems["new_password_again"] = Mistake("password_mismatch")
    return problems


def _mistake_in(new: str, current: str, operator: Operator) -> Problem | Mistake | None:
    if not new:
        return Problem("required")
    if len(new) < SHORTEST:
        return Mistake("too_short", {"min": SHORTEST})
    if len(new) > LONGEST:
        return Problem("too_long", {"max": LONGEST})
    if new.strip().casefold() == operator.username:
        return Mistake("password_name")
    return Mistake("password_same") if new == current else None


def _page(
    request: Request,
    operator: Operator,
    place: str,
    status_code: int | None = None,
    *,
    problems: Mapping[str, str] | None = None,
) -> Response:
    usual = status.HTTP_422_UNPROCESSABLE_CONTENT if problems else status.HTTP_200_OK
    return show(
        request,
        operator,
        "account.html",
        status_code or usual,
        next=place,
        shortest=SHORTEST,
        changed=request.query_params.get("said") == "changed" and not operator.must_change,
        problems=problems or {},
        other_language_url=f"{ACCOUNT}?{urlencode({'next': place})}",
    )
