"""What looks for people finds them, however they are written: it would be worth nothing otherwise."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.running.mailbox import Mail
from tests.running.personal import Personal

TICKET = "14f75199c-82f4-419b-8041-5f8631cb488ep"
TOKEN = "0123456789abcdef" * 4
EMAIL = "taro.takahashi.7@example.jp"
WORDS = [TICKET, TOKEN, EMAIL, "髙橋", "タカハシ", "Takahashi", "03-0000-0000", "佐藤 花子"]
"""One of each kind."""


@pytest.fixture
def personal() -> Personal:
    """Everything that a run with one mail handed out."""
    mail = Mail.model_validate(
        {
            "id": "1",
            "from": "lra@example.jp",
            "to": EMAIL,
            "subject": "",
            "message_id": "",
            "text": f"http://127.0.0.1/?onetimetoken={TOKEN}",
            "html": None,
            "links": [],
        }
    )
    return Personal([TICKET], [mail])


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_found_however_it_is_written(personal: Personal, word: str) -> None:
    sentence = f"to {word}, again"
    disguises = [
        sentence.encode(),
        b"\x00\xff\x0a" + word.encode() + b"\x12",
        json.dumps({"said": word}).encode(),
        f"GET /?said={quote(word)}&lang=ja HTTP/1.1".encode(),
        f"said={quote_plus(word, safe='@')}&".encode(),
        json.dumps({"data": base64.b64encode(sentence.encode()).decode()}).encode(),
        b"data=" + base64.urlsafe_b64encode(json.dumps({"x": word}, ensure_ascii=False).encode()),
        sentence.upper().encode() if word in {TICKET, TOKEN, EMAIL} else sentence.encode(),
    ]
    assert [text for text in disguises if word not in personal.within(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lra@example.jp",
        "14f75199c-82f4-419b-8041-000000000000p",
        "0" * 64,
        "株式会社サンプル",
        "髙",
        "A" * 99,
    ],
)
def test_nothing_else_is(personal: Personal, text: str) -> None:
    assert personal.within(text.encode()) == set()
