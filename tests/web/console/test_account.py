"""One's own password: changing it, and having to when it was made by somebody else."""

from collections.abc import Callable

import pytest

from records import operators
from records.database import Database
from records.operators import Operator, Role
from tests.web.conftest import Visitor
from tests.web.console.conftest import PASSWORD, SignIn, actions
from tests.web.page import Page

ACCOUNT = "/console/account"
NEW = "staple, battery and horse"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}

NewVisitor = Callable[..., Visitor]


async def change(visitor: Visitor, current: str = PASSWORD, new: str = NEW, again: str | None = None) -> Page:
    """Fill in the form for another password."""
    page = await visitor.get(ACCOUNT)
    again = new if again is None else again
    # The page's first form signs out.
    data = {"next": page.value("next"), "current_password": current, "new_password": new}
    response = await visitor.client.post(
        ACCOUNT, data=data | {"new_password_again": again}, headers=SAME_ORIGIN, follow_redirects=True
    )
    return Page(response)


async def can_sign_in(visitors: NewVisitor, password: str, username: str = "tanaka") -> bool:
    """Whether a password lets in, with another browser."""
    data = {"username": username, "password": password}
    response = await visitors("198.51.100.9").client.post("/console/sign-in", data=data)
    return response.status_code == 303


async def by_temporary_password(visitors: NewVisitor, database: Database, role: Role) -> Visitor:
    """Somebody who has just signed in with the password that was made for them."""
    newcomer = Operator("sato", "sato@lra.example.jp", role, None, must_change=True)
    async with database.begin() as session:
        assert await operators.add(session, newcomer, PASSWORD)
    visitor = visitors()
    data = {"username": "sato", "password": PASSWORD, "next": "/console/attention"}
    assert (await visitor.client.post("/console/sign-in", data=data)).status_code == 303
    return visitor


async def test_the_page_says_who_one_is(sign_in: SignIn) -> None:
    inside = await sign_in(role=Role.REVIEWER, tenant="contracthub")
    page = await inside.get(ACCOUNT)
    for words in ("tanaka", "tanaka@lra.example.jp", "審査担当者", "Contracthubの申請だけ"):
        assert words in page.text
    assert "管理者" in (await (await sign_in("sato")).get(ACCOUNT)).text


async def test_a_stranger_is_asked_to_sign_in(visitor: Visitor) -> None:
    assert (await visitor.get(ACCOUNT)).status == 401
    assert (await visitor.client.post(ACCOUNT, headers=SAME_ORIGIN)).status_code == 401


async def test_another_password_lets_in_and_the_old_one_does_not(
    sign_in: SignIn, visitors: NewVisitor, database: Database
) -> None:
    inside = await sign_in()
    page = await change(inside)
    assert page.status == 200
    assert "パスワードを変更しました" in page.text
    assert page.link("続ける") == "/console"
    assert await actions(database) == [
        ("operator:tanaka", "signed_in"),
        ("operator:tanaka", "password_changed"),
    ]
    assert not await can_sign_in(visitors, PASSWORD)
    assert await can_sign_in(visitors, NEW)


async def test_it_ends_every_other_session_and_this_browser_goes_on_with_a_new_one(
    sign_in: SignIn, visitors: NewVisitor
) -> None:
    inside, elsewhere = await sign_in(), visitors()
    await elsewhere.client.post("/console/sign-in", data={"username": "tanaka", "password": PASSWORD})
    before = inside.client.cookies["jcan_operator"]
    await change(inside)
    assert inside.client.cookies["jcan_operator"] != before
    assert (await inside.get("/console/reviews")).status == 200
    assert (await elsewhere.get("/console/reviews")).status == 401
    elsewhere.client.cookies["jcan_operator"] = before
    assert (await elsewhere.get("/console/reviews")).status == 401


async def test_pressed_twice_it_is_changed_and_not_wrong(sign_in: SignIn, database: Database) -> None:
    inside = await sign_in()
    for _press in range(2):
        assert "パスワードを変更しました" in (await change(inside)).text
    assert [action for _actor, action in await actions(database)].count("password_changed") == 1


@pytest.mark.parametrize(
    ("current", "new", "again", "mistakes"),
    [
        ("", "", "", {"current_password", "new_password", "new_password_again"}),
        (PASSWORD, "eleven char", "eleven char", {"new_password"}),
        (PASSWORD, "a" * 201, "a" * 201, {"new_password"}),
        (PASSWORD, PASSWORD, PASSWORD, {"new_password"}),
        (PASSWORD, NEW, NEW + " ", {"new_password_again"}),
        ("mistaken", NEW, NEW, {"current_password"}),
    ],
)
async def test_a_mistake_is_told_at_its_field_and_nothing_typed_comes_back(
    sign_in: SignIn, visitors: NewVisitor, current: str, new: str, again: str, mistakes: set[str]
) -> None:
    inside = await sign_in()
    page = await change(inside, current, new, again)
    assert page.status == 422
    assert set(page.summary) == mistakes
    assert all(page.error(name) == sentence for name, sentence in page.summary.items())
    assert page.title.startswith("エラー：")
    assert not any(typed in page.html for typed in (current, new, again) if typed)
    assert await can_sign_in(visitors, PASSWORD)


async def test_a_long_user_name_is_no_password(sign_in: SignIn) -> None:
    inside = await sign_in("tanaka.the.administrator")
    page = await change(inside, new=" Tanaka.The.Administrator")
    assert set(page.summary) == {"new_password"}


async def test_guessing_the_present_password_locks_like_the_sign_in(
    sign_in: SignIn, visitors: NewVisitor, database: Database
) -> None:
    inside = await sign_in()
    for _try in range(10):
        assert (await change(inside, "mistaken")).status == 422
    page = await change(inside)
    assert page.status == 429
    assert int(page.response.headers["retry-after"]) > 800
    said = [action for _actor, action in await actions(database)]
    assert said == ["signed_in", *["password_refused"] * 10, "password_locked"]
    assert not await can_sign_in(visitors, PASSWORD)


async def test_a_form_from_another_site_changes_nothing(sign_in: SignIn, visitors: NewVisitor) -> None:
    inside = await sign_in()
    data = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    response = await inside.client.post(ACCOUNT, data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert await can_sign_in(visitors, PASSWORD)


async def test_with_a_password_that_was_made_for_one_there_is_nothing_to_do_but_choose_another(
    visitors: NewVisitor, database: Database
) -> None:
    visitor = await by_temporary_password(visitors, database, Role.ADMINISTRATOR)
    for place in ("/console", "/console/reviews", "/console/tickets", "/temporal"):
        page = await visitor.get(place)
        assert (page.status, page.path) == (200, ACCOUNT), place
        assert "一時的なパスワード" in page.text
    assert (await visitor.client.post("/codec/decode", headers=SAME_ORIGIN)).status_code == 403
    assert (await visitor.client.get("/temporal/api/v1/namespaces")).status_code == 403
    assert (await visitor.client.post("/console/sign-out", headers=SAME_ORIGIN)).status_code == 303


async def test_having_chosen_one_goes_on_to_where_one_wanted_to_go(
    visitors: NewVisitor, database: Database
) -> None:
    visitor = await by_temporary_password(visitors, database, Role.REVIEWER)
    asked = await visitor.get("/console/attention")
    assert asked.path == ACCOUNT
    assert asked.value("next") == "/console/attention"
    data = {"next": asked.value("next"), "current_password": PASSWORD}
    response = await visitor.client.post(
        ACCOUNT,
        data=data | {"new_password": NEW, "new_password_again": NEW},
        headers=SAME_ORIGIN,
        follow_redirects=True,
    )
    assert Page(response).link("続ける") == "/console/attention"
    assert (await visitor.get("/console/attention")).status == 200
    assert await can_sign_in(visitors, NEW, "sato")


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/leopalace/"])
async def test_one_goes_on_only_to_places_of_ours(sign_in: SignIn, place: str) -> None:
    inside = await sign_in()
    page = await inside.get(f"{ACCOUNT}?next={place}&said=changed")
    assert page.link("続ける") == "/console"


async def test_the_page_is_there_in_english(sign_in: SignIn) -> None:
    page = await (await sign_in()).get(f"{ACCOUNT}?lang=en")
    assert "Change your password" in page.text
    assert "Administrator" in page.text


async def test_after_a_reset_by_somebody_else_the_password_is_due_again(
    sign_in: SignIn, visitors: NewVisitor, database: Database
) -> None:
    inside = await sign_in()
    async with database.begin() as session:
        await operators.reset(session, "tanaka", NEW, must_change=True)
    assert (await inside.get("/console/reviews")).status == 401
    again = visitors()
    await again.client.post("/console/sign-in", data={"username": "tanaka", "password": NEW})
    assert (await again.get("/console/reviews")).path == ACCOUNT
