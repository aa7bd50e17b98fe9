"""Everything that a letter can say exists in English."""

import re
from collections.abc import Iterator

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from mailing.letter import LetterKind
from mailing.speech import CATALOG, FOLDER

PLACEHOLDER = re.compile(r"%\(\w+\)s")
SOURCES = [("**.py", "python"), ("**.txt", "jinja2"), ("**.html", "jinja2")]


def said() -> set[str]:
    """Every message id in the package's code and templates."""
    found = extract_from_dir(FOLDER, SOURCES, {"**.txt": {"trimmed": "true"}, "**.html": {"trimmed": "true"}})
    return {str(message_id) for _, _, message_id, _, _ in found}


def catalog() -> Catalog:
    """The English catalog."""
    with CATALOG.open("rb") as file:
        return read_po(file, locale="en")


def translated() -> Iterator[Message]:
    """The catalog's messages without its header."""
    return (message for message in catalog() if message.id)


def test_every_sentence_is_translated_and_no_translation_is_left_over() -> None:
    assert {message.id for message in translated()} == said()
    assert len(said()) > 50


def test_no_translation_is_empty_or_uncertain() -> None:
    assert [message.id for message in translated() if not message.string or message.fuzzy] == []
    assert not catalog().obsolete


def test_translations_fill_in_the_same_things() -> None:
    for message in translated():
        assert set(PLACEHOLDER.findall(str(message.id))) == set(PLACEHOLDER.findall(str(message.string))), (
            message.id
        )


def test_every_kind_of_letter_has_its_folder_and_every_folder_its_kind() -> None:
    folders = [path for path in (FOLDER / "messages").iterdir() if path.is_dir()]
    assert {path.name for path in folders} == set(LetterKind)
    for path in folders:
        assert {file.name for file in path.iterdir()} == {"subject.txt", "text.txt", "html.html"}
