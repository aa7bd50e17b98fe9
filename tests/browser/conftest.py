"""A real Chromium, and people in front of it."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from devstack.browser import find_browser
from tests.browser.person import DESKTOP, PHONE, OnASmallPhone, Person
from tests.running.enrolling import people  # noqa: F401
from tests.running.stack import Stack

Kind = Callable[[Page, Stack], Person]

FAILED = pytest.StashKey[bool]()
_QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class NewPerson(Protocol):
    """How a test gets somebody in front of a browser of their own."""

    async def __call__(self, kind: Kind = ..., *, scripts: bool = ..., beside: Person | None = ...) -> Person:
        """Give them a browser; `beside` somebody: another tab of theirs."""
        ...


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the whole run; each person has a context of it."""
    program = await asyncio.to_thread(find_browser)
    assert program is not None, "python -m devstack.browser installs one"
    arguments = [*_QUIET, "--no-sandbox"] if os.geteuid() == 0 else _QUIET
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def person(
    browser: Browser, stack: Stack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[NewPerson]:
    """People with browsers; of a test that fails, pictures of their pages are kept."""
    contexts: list[BrowserContext] = []

    async def new(kind: Kind = Person, *, scripts: bool = True, beside: Person | None = None) -> Person:
        if beside is not None:
            return kind(await beside.page.context.new_page(), stack)
        context = await browser.new_context(
            viewport=PHONE if kind is OnASmallPhone else DESKTOP,
            locale="ja-JP",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return kind(await context.new_page(), stack)

    yield new
    if request.node.stash.get(FAILED, False):
        await _keep_pictures(contexts, tmp_path_factory.mktemp(_name(request)))
    for context in contexts:
        await context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know that their test has failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


async def _keep_pictures(contexts: list[BrowserContext], directory: Path) -> None:
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages):
        await page.screenshot(path=directory / f"{number}.png", full_page=True)
        (directory / f"{number}.html").write_text(await page.content(), encoding="utf-8")
    sys.stdout.write(f"The pages as they were: {directory}\n")


def _name(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "-", str(request.node.name))[:60]
