"""The templates and translations, per language.

Message ids are the Japanese texts; the English ones are in `locale/en/LC_MESSAGES/mailing.po`, compiled in
memory when this module is imported.
"""

import gettext
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from domain.stage import Language

FOLDER = Path(__file__).parent
CATALOG = FOLDER / "locale" / "en" / "LC_MESSAGES" / "mailing.po"


def _english() -> gettext.GNUTranslations:
    compiled = BytesIO()
    with CATALOG.open("rb") as catalog:
        write_mo(compiled, read_po(catalog, locale="en"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _environment(translations: gettext.NullTranslations) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "messages"),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment


TRANSLATIONS: dict[Language, gettext.NullTranslations] = {
    Language.JA: gettext.NullTranslations(),
    Language.EN: _english(),
}

_ENVIRONMENTS = {language: _environment(translations) for language, translations in TRANSLATIONS.items()}


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for the catalog; it is translated where it is used."""
    return text


def template(name: str, language: Language) -> Template:
    """The template of that path below `messages/`, speaking the language."""
    return _ENVIRONMENTS[language].get_template(name)


def block(of: Template, name: str, context: dict[str, object]) -> str:
    """One block of a template, trimmed; empty where the template has no such block."""
    render = of.blocks.get(name)
    return "".join(render(of.new_context(context))).strip() if render else ""
