"""マニュアル: the page and the file, and that both still tell of the system as it is.

The pictures and the files are made by `make manual`; what is found out of date here is made anew by it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import pytest
from babel.messages.pofile import read_po
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import ArrayObject, BooleanObject, Destination, DictionaryObject, PdfObject

from manual.camera import SCALE
from tenants import load_tenants
from tests.web.conftest import Visitor
from web import manual
from web.i18n import CATALOG
from web.manual import FOLDER

ROOT = Path(__file__).parents[2]
CATALOGS = (CATALOG, ROOT / "mailing" / "locale" / "en" / "LC_MESSAGES" / "mailing.po")
TENANTS = sorted(load_tenants())
A4 = (595, 842)  # points
HEADINGS = frozenset({"h1", "h2", "h3"})
IN_NO_CATALOG = frozenset({"English", "日本語"})  # a language says its name in itself
NO_LABELS = frozenset({"1", "p"})  # how a ticket number begins and ends


@dataclass
class Figure:
    """A picture of the manual, and how many of its marks are explained."""

    file: str
    alt: str
    size: tuple[int, int]
    explained: int = 0


@dataclass
class Leaves(HTMLParser):
    """The manual's page as these tests read it."""

    figures: list[Figure] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    links: list[tuple[str, str]] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if "id" in attributes:
            self.ids[attributes["id"] or ""] += 1
        if tag == "img":
            size = (int(attributes["width"] or 0), int(attributes["height"] or 0))
            file = (attributes["src"] or "").partition("?")[0].rpartition("/")[2]
            self.figures.append(Figure(file, attributes["alt"] or "", size))
        elif tag == "li" and self._open[-1] == ("ol", {"class": "marks"}):
            self.figures[-1].explained += 1
        elif tag == "a":
            self.links.append((attributes.get("href") or "", ""))
        if tag not in {"img", "meta", "link", "br", "input"}:
            self._open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        opened, _attributes = self._open.pop()
        assert opened == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        for tag, attributes in self._open:
            if tag in HEADINGS and attributes.get("id"):
                place = attributes["id"] or ""
                self.headings[place] = self.headings.get(place, "") + data
            elif tag == "a":
                address, words = self.links[-1]
                self.links[-1] = (address, words + data)


async def leaves_of(visitor: Visitor, tenant: str) -> Leaves:
    """The manual of a tenant."""
    leaves = Leaves()
    leaves.feed((await visitor.get(f"/{tenant}/manual")).html)
    return leaves


def said() -> set[str]:
    """Everything that the pages and mails say in Japanese, as single messages."""
    found = set(IN_NO_CATALOG)
    for catalog in CATALOGS:
        with catalog.open("rb") as file:
            messages = read_po(file, locale="en")
        found |= {message.id if isinstance(message.id, str) else message.id[0] for message in messages}
    return found


# --- the page


async def test_the_manual_shows_every_picture_and_no_other(visitor: Visitor) -> None:
    shown = {figure.file for name in TENANTS for figure in (await leaves_of(visitor, name)).figures}
    files = {path.name for path in FOLDER.glob("*.png")}
    listed = json.loads((FOLDER / "pictures.json").read_text(encoding="utf-8"))

    assert shown == files == {f"{name}.png" for name in listed}


@pytest.mark.parametrize("tenant", TENANTS)
async def test_every_picture_is_described_and_each_of_its_marks_explained(
    visitor: Visitor, tenant: str
) -> None:
    for figure in (await leaves_of(visitor, tenant)).figures:
        width, height, marks = manual.pictures()[figure.file.removesuffix(".png")]
        with Image.open(FOLDER / figure.file) as picture:
            dots = picture.size
        assert figure.alt.endswith("。"), figure
        assert figure.size == (width, height) == (round(dots[0] / SCALE), round(dots[1] / SCALE)), figure
        assert figure.explained == marks, figure


@pytest.mark.parametrize("tenant", TENANTS)
async def test_what_it_quotes_is_what_pages_and_mails_say(visitor: Visitor, tenant: str) -> None:
    leaves = await leaves_of(visitor, tenant)
    known, label = said(), load_tenants()[tenant].mail_label
    pressed = set(re.findall("【(.+?)】", leaves.words)) - {label, " "}
    quoted = set(re.findall("「([^「」]+)」", leaves.words)) - NO_LABELS
    referred = {words for address, words in leaves.links if address.startswith("#")}

    assert len(pressed) > 20
    assert pressed - known == set()
    assert len(quoted) > 20
    assert quoted - known - referred == set()


@pytest.mark.parametrize("tenant", TENANTS)
async def test_references_lead_to_the_headings_that_they_name(visitor: Visitor, tenant: str) -> None:
    leaves = await leaves_of(visitor, tenant)
    places = {address[1:]: words for address, words in leaves.links if address.startswith("#")}

    assert [name for name, count in leaves.ids.items() if count > 1] == []
    assert places.keys() - leaves.ids.keys() == set()
    for place, words in places.items():
        if place in leaves.headings:
            assert words.strip() in leaves.headings[place], place


@pytest.mark.parametrize(("tenant", "other"), [TENANTS, TENANTS[::-1]])
async def test_each_tenants_manual_is_its_own(visitor: Visitor, tenant: str, other: str) -> None:
    words = (await leaves_of(visitor, tenant)).words
    its, others = load_tenants()[tenant], load_tenants()[other]

    for own in (its.service_name.ja, f"/{tenant}/", its.contact.email, f"【{its.mail_label}】"):
        assert own in words
    assert others.contact.email not in words
    assert f"【{others.mail_label}】" not in words


async def test_it_says_how_long_links_live_here_in_its_own_language(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/manual?lang=en")

    assert "This manual is in Japanese." in page.text
    assert '<article class="manual" lang="ja">' in page.html
    assert "URLの有効期限は3日間です。" in page.text
    assert "days" not in page.text


# --- the file


@pytest.mark.parametrize("tenant", TENANTS)
async def test_the_headers_link_downloads_the_file(visitor: Visitor, tenant: str) -> None:
    page = await visitor.get(f"/{tenant}/")
    file = await visitor.client.get(page.link("マニュアル"))

    assert file.status_code == 200
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"] == f'attachment; filename="jcan-{tenant}-manual.pdf"'
    assert file.headers["cache-control"] == "public, max-age=86400"
    assert file.content == (FOLDER / f"{tenant}.pdf").read_bytes()


async def test_the_page_is_a_link_away_and_offers_the_file(visitor: Visitor) -> None:
    page = await visitor.get((await visitor.get("/contracthub/")).link("マニュアルを画面で読む"))

    assert page.status == 200
    assert page.response.headers["cache-control"] == "private, max-age=60"
    assert page.link("PDFをダウンロード") == "/contracthub/manual.pdf"


async def test_a_tenant_without_a_file_has_the_page(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manual.pictures()  # the list is read once
    monkeypatch.setattr(manual, "FOLDER", tmp_path)
    page = await visitor.get("/contracthub/manual.pdf")

    assert page.path == "/contracthub/manual"
    assert "PDFをダウンロード" not in page.text


@pytest.mark.parametrize("tenant", TENANTS)
async def test_the_file_has_the_pages_headings_as_its_outline(visitor: Visitor, tenant: str) -> None:
    leaves = await leaves_of(visitor, tenant)
    outline = [squeezed(title) for title in titles(PdfReader(FOLDER / f"{tenant}.pdf").outline)]

    assert outline[1:] == [squeezed(words) for words in leaves.headings.values()]


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_file_can_be_read_by_everybody(tenant: str) -> None:
    reader = PdfReader(FOLDER / f"{tenant}.pdf")
    root = cast(DictionaryObject, reader.trailer["/Root"])
    metadata = reader.metadata
    figures = [element for element in structure(root["/StructTreeRoot"]) if element.get("/S") == "/Figure"]

    assert metadata is not None
    assert metadata.title == "申請登録の手順 – JCAN証明書オンライン発行システム"
    assert metadata.author == load_tenants()[tenant].operator_name.ja
    assert cast(str, root["/Lang"]) == "ja"
    assert cast(BooleanObject, cast(DictionaryObject, root["/MarkInfo"])["/Marked"]).value
    assert len(figures) > 50
    assert [figure for figure in figures if not figure.get("/Alt")] == []


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_file_prints_alike_everywhere(tenant: str) -> None:
    reader = PdfReader(FOLDER / f"{tenant}.pdf")
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages} == {A4}
    for page in reader.pages:
        for name, font in cast(DictionaryObject, page["/Resources"]).get("/Font", {}).items():
            assert is_embedded(cast(DictionaryObject, font.get_object())), name


def is_embedded(font: DictionaryObject) -> bool:
    """Whether a font's shapes are in the file."""
    if cast(str, font["/Subtype"]) == "/Type3":
        return True
    inner = cast(ArrayObject, font.get("/DescendantFonts", ArrayObject([font])))[0].get_object()
    descriptor = cast(DictionaryObject, cast(DictionaryObject, inner)["/FontDescriptor"])
    return any(key.startswith("/FontFile") for key in descriptor)


def titles(outline: Iterable[object]) -> Iterator[str]:
    """The titles of an outline, from the top to the bottom."""
    for entry in outline:
        if isinstance(entry, Destination):
            yield str(entry.title)
        elif isinstance(entry, list):
            yield from titles(entry)


def squeezed(words: str) -> str:
    """Words without their spaces."""
    return "".join(words.split())


def structure(element: PdfObject) -> Iterator[DictionaryObject]:
    """The elements of a PDF's structure, from an element down."""
    found = element.get_object()
    if not isinstance(found, DictionaryObject):
        return
    yield found
    inside = found.get("/K", ArrayObject()).get_object()
    for part in inside if isinstance(inside, ArrayObject) else [inside]:
        yield from structure(part)
