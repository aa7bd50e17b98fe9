"""The manual on paper: the web page as Chromium prints it, tagged, with an outline and page numbers."""

import io
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from PIL import Image
from playwright.sync_api import Browser, Page
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    Destination,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

# It counts the browser's objects in another way, and says so.
logging.getLogger("pypdf").setLevel(logging.ERROR)

_PATIENCE = 60_000  # milliseconds
_TRIES = 5

# On paper a picture leads nowhere.
_LOAD_PICTURES = """() => Promise.all([...document.querySelectorAll(".figure img")].map(image => {
  image.parentElement.replaceWith(image);
  image.loading = "eager";
  return image.decode();
}))"""
_LINKS = ".manual a[href^='#']:not(.up a)"
_ANCHORS = f"""() => [...document.querySelectorAll("{_LINKS}")].map(a => a.getAttribute("href").slice(1))"""
_NUMBER = f"""leaves => {{
  for (const link of document.querySelectorAll("{_LINKS}")) {{
    const leaf = link.querySelector(".leaf") ?? link.appendChild(document.createElement("span"));
    leaf.className = "leaf";
    const number = leaves[link.getAttribute("href").slice(1)];
    leaf.textContent = link.closest(".contents") ? number : ` →${{number}}ページ`;
  }}
}}"""


def print_manual(browser: Browser, address: str, file: Path, publisher: str) -> None:
    """Print the manual's page at `address` into `file`, with page numbers wherever it refers to itself."""
    context = browser.new_context(locale="ja-JP", ignore_https_errors=True, color_scheme="light")
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.goto(address, wait_until="load")
        page.evaluate(_LOAD_PICTURES)
        page.emulate_media(media="print")
        file.write_bytes(_bound(_numbered(page), publisher))
    finally:
        context.close()


def _numbered(page: Page) -> bytes:
    """The print whose page numbers are its own.

    Browsers know no page numbers but a page's own: where the anchors came to stand is read from the print
    before, and the numbers may move lines, so this goes on until nothing moves.
    """
    leaves = dict.fromkeys(page.evaluate(_ANCHORS), 10)
    for _ in range(_TRIES):
        page.evaluate(_NUMBER, leaves)
        printed = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        found = _leaves_of(printed, list(leaves))
        if found == leaves:
            return printed
        leaves = found
    raise RuntimeError(f"The page numbers still change after {_TRIES} prints")


def _leaves_of(printed: bytes, anchors: list[str]) -> dict[str, int]:
    """The page, from 1, of each anchor that is linked to. Raises KeyError for a lost one."""
    reader = PdfReader(io.BytesIO(printed))
    places: dict[str, Destination] = reader.named_destinations
    numbers = {name.lstrip("/"): reader.get_destination_page_number(place) for name, place in places.items()}
    return {anchor: (numbers[anchor] or 0) + 1 for anchor in anchors}


def _bound(printed: bytes, publisher: str) -> bytes:
    """The print with its publisher named, and half the size: the browser spends three bytes on each dot."""
    writer = PdfWriter(clone_from=io.BytesIO(printed))
    writer.pdf_header = "%PDF-1.7"
    writer.add_metadata({"/Author": publisher})
    for picture in _pictures_in(writer):
        _spend_one_byte_on_each_dot(picture)
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _pictures_in(writer: PdfWriter) -> Iterator[StreamObject]:
    seen = set()
    for page in writer.pages:
        resources = cast(DictionaryObject, page["/Resources"])
        parts = cast(DictionaryObject, resources.get("/XObject", DictionaryObject()))
        for part in parts.values():
            picture = cast(StreamObject, part.get_object())
            if cast(str, picture["/Subtype"]) == "/Image" and id(picture) not in seen:
                seen.add(id(picture))
                yield picture


def _spend_one_byte_on_each_dot(picture: StreamObject) -> None:
    """Store an RGB image by its palette; the camera's pictures have no more colours than one has room for."""
    size = (cast(int, picture["/Width"]), cast(int, picture["/Height"]))
    dots = Image.frombytes("RGB", size, picture.get_data()).quantize(256, dither=Image.Dither.NONE)
    palette = bytes(dots.getpalette() or [])
    indexed = [
        NameObject("/Indexed"),
        NameObject("/DeviceRGB"),
        NumberObject(len(palette) // 3 - 1),
        ByteStringObject(palette),
    ]
    picture[NameObject("/ColorSpace")] = ArrayObject(indexed)
    picture.pop("/DecodeParms", None)
    picture._data = zlib.compress(dots.tobytes(), 9)  # noqa: SLF001 - set_data() would compress it once more
