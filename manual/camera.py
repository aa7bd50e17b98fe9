"""Pictures of pages: cut to what matters, with numbered marks drawn where the elements really are."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page

SCALE = 1.5
"""Device pixels to a CSS pixel: sharp enough for print, where a CSS pixel is 0.15 mm."""

_COLOURS = 48
_MARGIN = 20  # CSS pixels above and below what is shown
_CONTENTS = "pictures.json"

# Marks are put on top of the page, outside of its layout. The page's policy allows a script to set single
# properties of a style, not to add a style sheet. The number stands beside a field, where its hint stays
# readable, and at the corner of everything else.
_DRAW = """boxes => {
  const layer = document.createElement("div");
  layer.id = "marks";
  const put = (style, text = "") => {
    const part = document.createElement("div");
    Object.assign(part.style, {position: "absolute", boxSizing: "border-box"}, style);
    part.textContent = text;
    layer.append(part);
  };
  boxes.forEach((box, index) => {
    const left = box.x + scrollX - 5, top = box.y + scrollY - 5;
    const [x, y] = box.field ? [left - 25, top + box.height / 2 - 8] : [left - 13, top - 13];
    put({left: `${left}px`, top: `${top}px`, width: `${box.width + 10}px`, height: `${box.height + 10}px`,
         border: "3px solid #d03a00", borderRadius: "10px"});
    put({left: `${x}px`, top: `${y}px`, width: "28px", height: "28px", borderRadius: "50%",
         background: "#b83300", color: "#fff", border: "2px solid #fff", display: "grid",
         placeContent: "center", font: "700 16px/1 sans-serif", letterSpacing: "0"}, String(index + 1));
  });
  Object.assign(layer.style, {position: "absolute", inset: "0 auto auto 0", zIndex: "9"});
  document.body.append(layer);
}"""
_ERASE = """() => document.querySelector("#marks")?.remove()"""


class Camera:
    """Takes pictures into a folder, and keeps what the page that shows them has to know."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists."""
        self._folder = folder
        self._pictures: dict[str, tuple[int, int, int]] = {}

    def take(
        self,
        page: Page,
        name: str,
        show: Sequence[Locator],
        marks: Sequence[Locator] = (),
    ) -> None:
        """Picture the part of `page` that holds all of `show`, with marks 1, 2, … on `marks`."""
        page.evaluate("() => document.activeElement?.blur()")
        page.mouse.move(0, 0)
        page.evaluate("() => scrollTo(0, 0)")
        page.evaluate(_DRAW, [_marked(mark) for mark in marks])
        try:
            taken = page.screenshot(full_page=True, clip=_across(page, show), animations="disabled")
        finally:
            page.evaluate(_ERASE)
        self._keep(name, taken, len(marks))

    def list_pictures(self) -> None:
        """Write down every picture's width and height in CSS pixels, and how many marks it has."""
        listed = (
            f"{json.dumps(name)}: {json.dumps(facts)}" for name, facts in sorted(self._pictures.items())
        )
        text = "{\n" + ",\n".join(listed) + "\n}"
        (self._folder / _CONTENTS).write_text(text + "\n", encoding="utf-8")

    def _keep(self, name: str, taken: bytes, marks: int) -> None:
        if name in self._pictures:
            raise ValueError(f"There is a picture {name} already")
        picture = Image.open(io.BytesIO(taken)).convert("RGB")
        self._pictures[name] = (round(picture.width / SCALE), round(picture.height / SCALE), marks)
        # Pages have few colours: a palette makes the file a third, and print does not show it.
        reduced = picture.quantize(_COLOURS, dither=Image.Dither.NONE)
        reduced.save(self._folder / f"{name}.png", optimize=True)


def _box(locator: Locator) -> FloatRect:
    box = locator.first.bounding_box()
    if box is None:
        raise ValueError(f"Nothing to be seen of {locator}")
    return box


def _marked(locator: Locator) -> dict[str, object]:
    is_field: bool = locator.first.evaluate("element => element.matches('input, textarea')")
    return {**_box(locator), "field": is_field}


def _across(page: Page, shown: Sequence[Locator]) -> FloatRect:
    """The page in its full width, so that all pictures have one scale, from the first thing to the last."""
    boxes = [_box(locator) for locator in shown]
    top = max(min(box["y"] for box in boxes) - _MARGIN, 0)
    bottom = max(box["y"] + box["height"] for box in boxes) + _MARGIN
    width: int = page.evaluate("() => document.documentElement.clientWidth")
    return FloatRect(x=0, y=top, width=width, height=bottom - top)
