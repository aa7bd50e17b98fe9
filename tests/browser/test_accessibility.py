"""axe finds nothing on any page in any state, and no page is wider than a small phone."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from devstack.ports import LOOPBACK
from domain.stage import Language
from tests.browser import axe, story
from tests.browser.person import Person
from tests.browser.states import STATES, Gallery, State, Whose, hang
from tests.running.console import console
from tests.running.enrolling import People
from tests.running.stack import Stack


@pytest_asyncio.fixture(scope="module")
async def gallery(people: People) -> Gallery:
    """Enrolments in all the states."""
    return await hang(people)


@pytest_asyncio.fixture(scope="module")
async def viewers(browser: Browser, stack: Stack, gallery: Gallery) -> AsyncIterator[dict[Whose, Person]]:
    """People in front of the browsers that the states need."""
    viewers = {}
    for whose, applicants in gallery.browsers.items():
        context = await browser.new_context(locale="ja-JP", reduced_motion="reduce")
        viewers[whose] = Person(await context.new_page(), stack)
        for applicant in applicants:
            await viewers[whose].continue_as(applicant)
    async with console(stack) as client:
        await viewers["operator"].take_over(client)
    yield viewers
    for viewer in viewers.values():
        await viewer.page.context.close()


@pytest.mark.parametrize("state", STATES, ids=[state.name for state in STATES])
async def test_axe_finds_nothing(state: State, gallery: Gallery, viewers: dict[Whose, Person]) -> None:
    viewer = viewers[state.whose]
    shown = None
    for view in sorted(state.views):
        await viewer.page.set_viewport_size(view.size)
        await viewer.page.emulate_media(color_scheme=view.scheme)
        if view.language is not shown:
            await open_in(viewer, view.language, gallery.address_of(state))
            if state.then:
                await state.then(viewer)
            shown = view.language
        await expect(viewer.page.get_by_role("heading", name=state.heading_in(shown))).to_be_visible()
        assert bool(story.OF_AN_ERROR.match(await viewer.page.title())) is state.mistakes
        assert await axe.violations(viewer.page) == [], view
        assert await viewer.width() <= view.size["width"], view


async def test_axe_finds_what_is_wrong(viewers: dict[Whose, Person]) -> None:
    page = viewers["stranger"].page
    await page.goto("about:blank")  # where no policy forbids a style
    await page.set_content(
        '<html lang="ja"><title>x</title><main><img src="data:,"><p style="color: #aaa">words</p>'
        '<button style="width: 9px; height: 9px">x</button><button style="width: 9px; height: 9px">y</button>'
    )
    rules = {violation.split()[0] for violation in await axe.violations(page)}
    assert {"image-alt", "color-contrast", "target-size"} <= rules


async def open_in(viewer: Person, language: Language, address: str) -> None:
    """Open a page in a language."""
    viewer.language = language
    await viewer.page.context.add_cookies(
        [{"name": "lang", "value": language, "domain": LOOPBACK, "path": "/"}]
    )
    await viewer.open(address)
