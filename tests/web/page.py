"""A page as a test reads it."""

import html
import re
from html.parser import HTMLParser

import httpx


class Page:
    """What an answer shows: its words, its fields, what is said at them."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.text
        self._elements = _Elements(self.html)

    @property
    def path(self) -> str:
        """The page's path, redirects followed."""
        return self.response.url.path

    @property
    def text(self) -> str:
        """All words, white space evened out."""
        return " ".join(" ".join(self._elements.words).split())

    @property
    def title(self) -> str:
        """The title of the page."""
        found = re.search(r"<title>(.*?)</title>", self.html, re.DOTALL)
        return html.unescape(found[1]) if found else ""

    @property
    def summary(self) -> dict[str, str]:
        """The summary of mistakes: field to sentence."""
        box = re.search(r'id="errors".*?</div>', self.html, re.DOTALL)
        found = re.findall(r'<a href="#(\w+)">(.*?)</a>', box[0]) if box else []
        return {name: html.unescape(sentence) for name, sentence in found}

    def error(self, field: str) -> str | None:
        """What is said in red at a field."""
        found = re.search(rf'<p class="says" id="{field}-error">(.*?)</p>', self.html, re.DOTALL)
        return html.unescape(found[1]) if found else None

    def field(self, name: str) -> dict[str, str | None]:
        """The attributes of the input of that name (of the chosen one among several)."""
        inputs = [a for a in self._elements.inputs if a.get("name") == name]
        return next((a for a in inputs if "checked" in a), inputs[0])

    def value(self, name: str) -> str:
        """What stands in a field; empty for a choice not made."""
        attributes = self.field(name)
        if attributes.get("type") in {"radio", "checkbox"} and "checked" not in attributes:
            return ""
        return attributes.get("value") or ""

    def has_field(self, name: str) -> bool:
        """Whether there is an input of that name."""
        return any(a.get("name") == name for a in self._elements.inputs)

    def button(self, act: str) -> dict[str, str | None] | None:
        """The attributes of the last button of that value."""
        found = [a for a in self._elements.buttons if a.get("value") == act]
        return found[-1] if found else None

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{re.escape(words)}</a>', self.html)
        assert found, f"no link {words}"
        return html.unescape(found[1])

    def form_action(self) -> str:
        """Where the page's form is sent."""
        return html.unescape(self._elements.actions[0])

    def posted_fields(self) -> dict[str, str]:
        """What a browser would send of the form as it stands."""
        names = {a["name"] for a in self._elements.inputs if a.get("name") and "disabled" not in a}
        sent = {str(name): self.value(str(name)) for name in names}
        choices = {a.get("name") for a in self._elements.inputs if a.get("type") in {"radio", "checkbox"}}
        return {name: value for name, value in sent.items() if value or name not in choices}


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.buttons: list[dict[str, str | None]] = []
        self.actions: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input":
            self.inputs.append(attributes)
        elif tag == "button":
            self.buttons.append(attributes)
        elif tag == "form" and (action := attributes.get("action")):
            self.actions.append(action)

    def handle_data(self, data: str) -> None:
        self.words.append(data)
