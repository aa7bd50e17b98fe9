"""The manual on paper: the web page as Chromium prints it, tagged, with an outline and page numbers."""

import io
from pathlib import Path

from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from pypdf.generic import Destination

_PATIENCE = 60_000  # milliseconds

_HEADINGS = (
    """() => [...document.querySelectorAll("#contents a")].map(a => a.getAttribute("href").slice(1))"""
)
_NUMBER = """pages => {
  for (const link of document.querySelectorAll("#contents a")) {
    const leaf = document.createElement("span");
    leaf.className = "leaf";
    leaf.textContent = pages[link.getAttribute("href").slice(1)];
    link.append(leaf);
  }
}"""


def print_manual(browser: Browser, address: str, file: Path) -> None:
    """Print the manual's page at `address` into `file`, its table of contents with page numbers."""
    context = browser.new_context(locale="ja-JP", ignore_https_errors=True, color_scheme="light")
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.goto(address, wait_until="load")
        page.emulate_media(media="print")
        # Browsers know no page numbers in a table of contents: where the headings came to stand is read
        # from a first print. The numbers take no room, so the second one is laid out alike.
        numbers = _pages_of(_print(page), page.evaluate(_HEADINGS))
        page.evaluate(_NUMBER, numbers)
        file.write_bytes(_print(page))
    finally:
        context.close()


def _print(page: Page) -> bytes:
    return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)


def _pages_of(pdf: bytes, anchors: list[str]) -> dict[str, int]:
    """The page, from 1, of each anchor that the contents link to. Raises KeyError for a lost one."""
    reader = PdfReader(io.BytesIO(pdf))
    places: dict[str, Destination] = reader.named_destinations
    numbers = {name.lstrip("/"): reader.get_destination_page_number(place) for name, place in places.items()}
    return {anchor: (numbers[anchor] or 0) + 1 for anchor in anchors}
