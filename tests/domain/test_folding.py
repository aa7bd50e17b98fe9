"""Typed text is evened out where it cannot mean anything else, and left alone where it can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folding import fold_code, fold_digits, fold_email, fold_kana, fold_latin, fold_phone, trim_name

CODES = st.text(alphabet="abcXYZ012-‐－ー ａＢ１\u3000\u200b", max_size=40)


@given(CODES)
def test_a_folded_code_folds_to_itself(text: str) -> None:
    assert fold_code(fold_code(text)) == fold_code(text)


@given(st.lists(st.sampled_from("abc123-"), min_size=1), st.data())
def test_width_case_dashes_and_white_space_make_no_difference_to_a_code(
    symbols: list[str], data: st.DataObject
) -> None:
    def disguise(symbol: str) -> str:
        if symbol == "-":
            return data.draw(st.sampled_from("-‐‑‒–—―−－ーｰ─"))
        return data.draw(
            st.sampled_from([symbol, symbol.upper(), chr(ord(symbol) + 0xFEE0), f" {symbol}\u3000\u200b"])
        )

    assert fold_code("".join(map(disguise, symbols))) == "".join(symbols)


def test_digits_lose_their_hyphens() -> None:
    assert fold_digits(" ９９９９-9999ー99999 ") == "9999999999999"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        (" Taro.Yamada@EXAMPLE.JP\n", "Taro.Yamada@example.jp"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        ("taro‐yamada@sample—corp.example.jp", "taro-yamada@sample-corp.example.jp"),
        ("taro@スーパー。example", "taro@xn--zck5b0gb.example"),
        ("taro@日本語.example", "taro@xn--wgv71a119e.example"),
    ],
)
def test_an_address_is_folded_but_keeps_the_case_of_its_local_part(typed: str, folded: str) -> None:
    assert fold_email(typed) == folded


@given(st.text(max_size=60))
def test_folding_an_address_never_fails(text: str) -> None:
    fold_email(text)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("たかはし", "タカハシ"), ("ﾀｶﾊｼ ｼﾞｮｰｼﾞ", "タカハシ ジョージ"), ("　ゔぃくとりあ　", "ヴィクトリア")],
)
def test_hiragana_and_half_width_kana_become_full_width_katakana(typed: str, folded: str) -> None:
    assert fold_kana(typed) == folded


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("０３（１２３４）５６７８", "03-1234-5678"),
        ("03 1234 5678", "0312345678"),
        ("+81ー3ー1234ー5678", "+81-3-1234-5678"),
        ("(03)1234-5678", "03-1234-5678"),
    ],
)
def test_a_telephone_number_gets_ascii_digits_and_single_hyphens(typed: str, folded: str) -> None:
    assert fold_phone(typed) == folded


def test_latin_text_gets_narrow_letters_and_a_plain_apostrophe() -> None:
    assert fold_latin("　Ｓｅａｎ　 O’Brien ") == "Sean O'Brien"


@pytest.mark.parametrize("name", ["髙", "﨑", "𠮷", "\ufa19", "㈱サンプル", "葛\U000e0100"])
def test_a_name_is_kept_as_typed_but_for_the_space_around_it(name: str) -> None:
    assert trim_name(f"\u3000 {name}\u3000") == name
