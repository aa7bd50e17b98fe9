"""Somebody in front of a browser, who finds everything by what stands there."""

import re
from typing import Any

import httpx
from playwright.async_api import Locator, Page, ViewportSize, expect

from domain.stage import Language
from tests.running.enrolling import Enrolling
from tests.running.stack import Stack
from web.i18n import translate

PHONE = ViewportSize(width=320, height=640)
DESKTOP = ViewportSize(width=1200, height=900)

_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]+")
_REACHED_WITHIN = 120  # presses of the Tab key


class Person:
    """Somebody with a mouse. Every text is given in Japanese and looked for in the person's language."""

    def __init__(self, page: Page, stack: Stack, language: Language = Language.JA) -> None:
        self.page = page
        self.stack = stack
        self.language = language
        self.typed: set[str] = set()

    def said(self, japanese: str, **params: object) -> str:
        """How a text of the web front reads for this person."""
        return translate(japanese, self.language, **params)

    # --- where they are

    async def open(self, address: str) -> None:
        """Go to an address: a path of the web front, or a whole one."""
        await self.page.goto(address if "://" in address else self.stack.web + address)
        await self.arrived()

    async def arrived(self) -> None:
        """Look at the page that has come up."""
        await self.page.wait_for_load_state("domcontentloaded")

    async def reads(self, japanese: str, **params: object) -> None:
        """Wait until a text stands on the page."""
        await expect(self.page.locator("main")).to_contain_text(self.said(japanese, **params))

    async def is_at(self, japanese: str) -> None:
        """Wait until the page has a heading."""
        await expect(self.heading(japanese)).to_be_visible()

    async def continue_as(self, applicant: Enrolling) -> None:
        """Be somebody who has come this far with another browser: take over its cookies."""
        await self.take_over(applicant.client)

    async def take_over(self, client: httpx.AsyncClient) -> None:
        """Take over the cookies of a browser of the plainest kind."""
        for each in client.cookies.jar:
            await self.page.context.add_cookies(
                [{"name": each.name, "value": each.value or "", "domain": each.domain, "path": each.path}]
            )

    async def width(self) -> int:
        """How wide the page is, in CSS pixels; more than the window has to be scrolled sideways."""
        width: int = await self.page.evaluate("document.scrollingElement.scrollWidth")
        return width

    # --- what they find

    def heading(self, japanese: str) -> Locator:
        """A heading."""
        return self.page.get_by_role("heading", name=self.said(japanese))

    def field(self, japanese: str) -> Locator:
        """The field with a label, whatever says beside it that it must be filled in."""
        marks = "|".join(re.escape(self.said(mark)) for mark in ("※必須", "任意"))
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(self.said(japanese))}\s*({marks})?\s*$"))

    def radio(self, japanese: str) -> Locator:
        """One of several to choose from."""
        return self.page.get_by_role("radio", name=re.compile(f"^{re.escape(self.said(japanese))}"))

    def tick_box(self) -> Locator:
        """The one tick box of the page."""
        return self.page.get_by_role("checkbox")

    def button(self, japanese: str) -> Locator:
        """A button."""
        return self.page.get_by_role("button", name=self.said(japanese), exact=True)

    def link(self, japanese: str) -> Locator:
        """A link, also one that looks like a button."""
        return self.page.get_by_role("link", name=self.said(japanese), exact=True)

    # --- what they do

    async def write(self, japanese: str, text: str) -> None:
        """Fill in a field in place of what stands there."""
        self.typed.add(text)
        await self._write(self.field(japanese), text)

    async def choose(self, japanese: str) -> None:
        """Choose one of several."""
        await self._choose(self.radio(japanese))

    async def tick(self) -> None:
        """Tick the tick box."""
        await self._tick(self.tick_box())
        await expect(self.tick_box()).to_be_checked()

    async def press(self, japanese: str) -> None:
        """Press a button and look at the page that comes."""
        await self._activate(self.button(japanese))
        await self.arrived()

    async def follow(self, link: str | Locator) -> None:
        """Follow a link and look at the page that comes."""
        await self._activate(self.link(link) if isinstance(link, str) else link)
        await self.arrived()

    async def follow_into_new_window(self, link: str | Locator) -> None:
        """Follow a link that opens a window, and go on there."""
        async with self.page.expect_popup() as window:
            await self._activate(self.link(link) if isinstance(link, str) else link)
        self.page = await window.value
        await self.arrived()

    # --- with what they do it

    async def _write(self, field: Locator, text: str) -> None:
        await field.fill(text)

    async def _choose(self, radio: Locator) -> None:
        await radio.check()

    async def _tick(self, box: Locator) -> None:
        await box.check()

    async def _activate(self, target: Locator) -> None:
        await target.click()


class AtTheKeyboard(Person):
    """Somebody without a mouse: Tab, Space, Enter, arrows and typing."""

    async def _write(self, field: Locator, text: str) -> None:
        await self._reach(field)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def _choose(self, radio: Locator) -> None:
        group = self.page.locator(f'input[name="{await radio.get_attribute("name")}"]')
        await self._reach(group)
        for _ in range(await group.count()):
            if await _has_focus(radio):
                break
            await self.page.keyboard.press("ArrowDown")
        await self.page.keyboard.press("Space")
        await expect(radio).to_be_checked()

    async def _tick(self, box: Locator) -> None:
        await self._reach(box)
        await self.page.keyboard.press("Space")

    async def _activate(self, target: Locator) -> None:
        await self._reach(target)
        await self.page.keyboard.press("Enter")

    async def _reach(self, target: Locator) -> None:
        """Press Tab until the focus is on the target, and see that it shows."""
        await expect(target.first).to_be_visible()
        for _ in range(_REACHED_WITHIN):
            if await _has_focus(target):
                break
            await self.page.keyboard.press("Tab")
        else:
            raise AssertionError("the Tab key does not get there")
        style = await self.page.evaluate(_FOCUS_STYLE)
        assert style != "none", "the focus cannot be seen"


class OnASmallPhone(Person):
    """Somebody with a screen of 320 CSS pixels (WCAG 2.2, 1.4.10), who never scrolls sideways."""

    async def arrived(self) -> None:
        """See that the page is no wider than the screen."""
        await super().arrived()
        width = await self.width()
        assert width <= PHONE["width"], f"{self.page.url.split('?')[0]} is {width} pixels wide"


class ReadingEnglish(Person):
    """Somebody who must not meet a word of Japanese, but for what they typed themselves."""

    def __init__(self, page: Page, stack: Stack) -> None:
        super().__init__(page, stack, Language.EN)

    async def arrived(self) -> None:
        """See that the page is in English."""
        await super().arrived()
        assert await self.page.locator("html").get_attribute("lang") == "en"
        if not self.page.url.startswith(self.stack.web):
            return
        lines = (await self.page.locator("main").inner_text()).splitlines()
        words = {word for line in lines if "e.g." not in line for word in _JAPANESE.findall(line)}
        strange = {word for word in words if word not in " ".join(self.typed)}
        assert not strange, f"Japanese on an English page: {strange}"


# An outline, or whatever else says where the focus is, on the element or the label that stands for it.
_FOCUS_STYLE = """() => {
  const parts = [document.activeElement, document.activeElement.closest("label")].filter(Boolean);
  const shown = parts.map(part => getComputedStyle(part)).find(style => style.outlineStyle !== "none");
  return shown ? shown.outlineStyle : "none";
}"""


async def _has_focus(target: Locator) -> bool:
    focused: Any = await target.evaluate_all("all => all.includes(document.activeElement)")
    return bool(focused)
