"""Both languages: choosing one, and that nothing is left unsaid in either."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from domain.problem import CODES, Problem
from domain.stage import Applicant, Language
from tests.web.conftest import Visitor
from web import i18n
from web.forms import SENTENCES, problem_text
from web.i18n import CATALOG, moment, period, speak, wait
from web.way import StepName, way_for

ROOT = Path(__file__).parents[2]


def _extracted() -> set[str]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as configuration:
        methods, options = parse_mapping_cfg(configuration)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, methods, options, keywords=i18n_keywords())
    return {message[0] if isinstance(message, tuple) else message for _f, _l, message, _c, _x in found}


def i18n_keywords() -> dict[str, tuple[int, ...] | None]:
    """The functions whose first argument is a message."""
    return {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def test_the_catalog_has_every_message_and_no_other() -> None:
    with CATALOG.open("rb") as file:
        catalog = read_po(file, locale="en")
    known = {m.id[0] if isinstance(m.id, tuple) else m.id for m in catalog if m.id}

    assert _extracted() - known == set(), "run pybabel extract and update, and translate what is new"
    assert known - _extracted() == set(), "no longer used"


def test_no_message_is_empty_fuzzy_or_lacks_a_place() -> None:
    with CATALOG.open("rb") as file:
        catalog = read_po(file, locale="en")
    for message in catalog:
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(said), message.id
        assert not (message.id and message.fuzzy), message.id
        assert not list(message.check(catalog)), message.id


@pytest.mark.parametrize("language", list(Language))
def test_every_problem_has_a_sentence(language: Language) -> None:
    for code in CODES:
        sentence = problem_text(Problem(code, {"max": 64}), language, "email")
        assert sentence
        assert "%(" not in sentence


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_english_sentences_are_english(code: str) -> None:
    sentence = i18n.translate(SENTENCES[code], Language.EN, label="X", min=1, max=1)

    assert not [letter for letter in sentence if "\u3040" <= letter <= "\u9fff"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ja"),
        ("en-GB,en;q=0.9", "en"),
        ("ja,en;q=0.8", "ja"),
        ("en;q=0.2, ja;q=0.3", "ja"),
        ("fr, en;q=0.5", "en"),
        ("fr", "ja"),
        ("en;q=0", "ja"),
        ("en;q=nonsense", "ja"),
        ("EN-us", "en"),
    ],
)
async def test_the_browsers_wish_counts(visitor: Visitor, header: str, language: str) -> None:
    page = await visitor.get("/leopalace/", **{"Accept-Language": header})

    assert f'<html lang="{language}">' in page.html


async def test_a_choice_is_remembered_and_beats_the_browsers_wish(visitor: Visitor) -> None:
    chosen = await visitor.get("/leopalace/?lang=en", **{"Accept-Language": "ja"})
    later = await visitor.get("/contracthub/", **{"Accept-Language": "ja"})
    back = await visitor.get(later.link("日本語"), **{"Accept-Language": "en"})

    assert '<html lang="en">' in chosen.html
    assert '<html lang="en">' in later.html
    assert '<html lang="ja">' in back.html


async def test_nonsense_is_no_language(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/?lang=xx")

    assert '<html lang="ja">' in page.html
    assert "set-cookie" not in page.response.headers


async def test_the_other_language_keeps_the_address(visitor: Visitor) -> None:
    page = await visitor.get("/leopalace/realregist/step1?onetimetoken=abc")

    assert page.link("English") == "?onetimetoken=abc&lang=en"


def test_moments_are_japans_with_the_weekday() -> None:
    at = datetime(2026, 12, 5, 1, 24, tzinfo=UTC)

    assert moment(at, Language.JA) == "2026年12月5日（土）10:24（日本時間）"
    assert moment(at, Language.EN) == "Sat 5 December 2026, 10:24 (JST)"
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 12, 5), Language.JA)  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("length", "japanese", "english"),
    [
        (timedelta(seconds=0.2), "1秒", "1 second"),
        (timedelta(seconds=60), "60秒", "60 seconds"),
        (timedelta(seconds=61), "2分", "2 minutes"),
        (timedelta(hours=5), "5時間", "5 hours"),
    ],
)
def test_waits_are_rounded_up(length: timedelta, japanese: str, english: str) -> None:
    speak(Language.JA)
    assert wait(length) == japanese
    speak(Language.EN)
    assert wait(length) == english


@pytest.mark.parametrize(
    ("length", "japanese"),
    [
        (timedelta(days=3), "3日間"),
        (timedelta(hours=36), "36時間"),
        (timedelta(minutes=90), "90分"),
        (timedelta(seconds=20), "20秒"),
    ],
)
def test_periods_are_exact(length: timedelta, japanese: str) -> None:
    speak(Language.JA)
    assert period(length) == japanese


def test_the_ways() -> None:
    alone = way_for(Applicant.PRINCIPAL, StepName.MAIL)
    together = way_for(Applicant.AGENT, StepName.APPROVE)

    assert len(alone.steps) == 9
    assert len(alone.lanes) == 1
    assert [lane.title for lane in together.lanes] == ["代理人作業", "本人作業"]
    assert [step.number for step in together.steps] == list(range(1, 13))
    assert together.present is not None
    assert together.present.number == 9
    assert together.next is not None
    assert together.next.label == "完了"
    assert [step.name for step in together.steps if step.days_later] == [StepName.ISSUED]
    assert way_for(Applicant.AGENT, None).present is None
    assert way_for(Applicant.AGENT, StepName.INSTALLED).next is None
    with pytest.raises(ValueError, match="not in"):
        way_for(Applicant.PRINCIPAL, StepName.APPROVE)


def test_the_catalog_carries_no_line_numbers() -> None:
    assert "#: " not in io.StringIO(CATALOG.read_text(encoding="utf-8")).getvalue()
