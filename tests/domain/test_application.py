"""The application form, for a principal and for an agent."""

import pytest

from domain.application import MAXIMUM, Application, check_application
from domain.problem import FieldErrors, Problem
from domain.stage import Applicant

AGENTS_ADDRESS = "hanako.sato@example.jp"

PRINCIPAL = {
    "family_name": "\u3000髙橋",
    "given_name": "太郎 ",
    "family_name_latin": "Ｔakahashi",
    "given_name_latin": "Taro",
    "family_name_kana": "たかはし",
    "given_name_kana": "ﾀﾛｳ",
    "company_name": "株式会社サンプル",
    "company_name_latin": "Sample  Corporation",
    "corporate_number": "9-9999-9999-9999",
    "phone": "０３-1234-5678",
    "validity_years": "2",
}
AGENT = PRINCIPAL | {
    "email": "taro.takahashi@example.jp",
    "email_confirmation": "taro.takahashi@EXAMPLE.jp",
    "agent_name": "佐藤 花子",
    "agent_company": "株式会社サンプル",
}


def problems_of(raw: dict[str, str], applicant: Applicant = Applicant.AGENT) -> dict[str, Problem]:
    with pytest.raises(FieldErrors) as caught:
        check_application(raw, applicant, AGENTS_ADDRESS)
    return caught.value.problems


def test_a_principal_s_application() -> None:
    assert check_application(PRINCIPAL, Applicant.PRINCIPAL, "taro@example.jp") == Application(
        family_name="髙橋",
        given_name="太郎",
        family_name_latin="Takahashi",
        given_name_latin="Taro",
        family_name_kana="タカハシ",
        given_name_kana="タロウ",
        company_name="株式会社サンプル",
        company_name_latin="Sample Corporation",
        corporate_number="9999999999999",
        email="taro@example.jp",
        phone="03-1234-5678",
        validity_years=2,
    )


def test_a_principal_s_address_is_the_registered_one_and_agent_fields_are_ignored_whatever_was_posted() -> (
    None
):
    application = check_application(
        AGENT | {"email": "other@example.jp"}, Applicant.PRINCIPAL, "taro@example.jp"
    )
    assert application.email == "taro@example.jp"
    assert application.agent_name is None
    assert application.agent_company is None


def test_an_agent_s_application_names_the_agent_and_the_principal_s_address() -> None:
    application = check_application(AGENT, Applicant.AGENT, AGENTS_ADDRESS)
    assert application.email == "taro.takahashi@example.jp"
    assert (application.agent_name, application.agent_company) == ("佐藤 花子", "株式会社サンプル")


def test_the_subject_is_what_the_certificate_will_say() -> None:
    subject = check_application(AGENT, Applicant.AGENT, AGENTS_ADDRESS).subject
    assert subject.common_name == "Taro Takahashi"
    assert subject.organization == "Sample Corporation"
    assert subject.corporate_number == "9999999999999"
    assert subject.email == "taro.takahashi@example.jp"


def test_an_empty_form_has_a_problem_at_every_field_in_the_form_s_order() -> None:
    problems = problems_of({})
    assert list(problems) == [
        "family_name",
        "given_name",
        "family_name_latin",
        "given_name_latin",
        "family_name_kana",
        "given_name_kana",
        "company_name",
        "company_name_latin",
        "corporate_number",
        "email",
        "email_confirmation",
        "phone",
        "validity_years",
        "agent_name",
        "agent_company",
    ]
    assert problems.pop("validity_years") == Problem("validity_choice")
    assert {problem.code for problem in problems.values()} == {"required"}


@pytest.mark.parametrize("address", [AGENTS_ADDRESS, "Hanako.Sato@example.jp"])
def test_the_agent_s_own_address_is_not_the_principal_s(address: str) -> None:
    problems = problems_of(AGENT | {"email": address, "email_confirmation": address})
    assert problems["email"] == Problem("email_is_agents")


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("family_name", "髙\n橋", "characters"),
        ("family_name", "髙\ud842橋", "characters"),
        ("family_name", "髙\ue000橋", "characters"),
        ("given_name", "\u202e太郎", "characters"),
        ("company_name", "サン\x00プル", "characters"),
        ("family_name_latin", "Müller", "latin_letters_only"),
        ("family_name_latin", "髙橋", "latin_letters_only"),
        ("given_name_latin", "-.'", "latin_letters_only"),
        ("given_name_latin", "Taro2", "latin_letters_only"),
        ("family_name_kana", "takahashi", "kana_only"),
        ("given_name_kana", "太郎", "kana_only"),
        ("company_name_latin", "サンプル", "printable_ascii_only"),
        ("corporate_number", "1999999999999", "corporate_number_check_digit"),
        ("phone", "03-1234", "phone_format"),
        ("phone", "call me maybe", "phone_format"),
        ("validity_years", "3", "validity_choice"),
        ("email_confirmation", "taro@example.jp", "email_mismatch"),
        ("agent_name", " \u3000", "required"),
    ],
)
def test_each_rule_is_told_at_its_field(field: str, typed: str, code: str) -> None:
    assert problems_of(AGENT | {field: typed}) == {field: Problem(code)}


@pytest.mark.parametrize("name", ["髙", "﨑", "𠮷", "\ufa19", "葛\U000e0100"])
def test_names_are_stored_as_typed(name: str) -> None:
    assert (
        check_application(AGENT | {"family_name": name}, Applicant.AGENT, AGENTS_ADDRESS).family_name == name
    )


@pytest.mark.parametrize("name", ["O'Neill", "de la Cruz", "Smith-Jones", "King Jr."])
def test_latin_names_may_have_apostrophe_space_hyphen_and_full_stop(name: str) -> None:
    application = check_application(AGENT | {"family_name_latin": name}, Applicant.AGENT, AGENTS_ADDRESS)
    assert application.family_name_latin == name


FREE_TEXT = {
    "family_name": "漢",
    "given_name": "漢",
    "family_name_kana": "ア",
    "given_name_kana": "ア",
    "company_name": "漢",
    "company_name_latin": "a",
    "agent_name": "漢",
    "agent_company": "漢",
}


@pytest.mark.parametrize(("field", "symbol"), FREE_TEXT.items())
def test_a_field_takes_its_maximum_and_not_one_more(field: str, symbol: str) -> None:
    maximum = MAXIMUM[field]
    check_application(AGENT | {field: symbol * maximum}, Applicant.AGENT, AGENTS_ADDRESS)
    assert problems_of(AGENT | {field: symbol * (maximum + 1)}) == {
        field: Problem("too_long", {"max": maximum})
    }


def test_both_latin_names_together_fit_the_common_name() -> None:
    fits = AGENT | {"given_name_latin": "a" * 32, "family_name_latin": "b" * 31}
    assert len(check_application(fits, Applicant.AGENT, AGENTS_ADDRESS).subject.common_name) == 64
    assert problems_of(fits | {"family_name_latin": "b" * 32}) == {
        "given_name_latin": Problem("common_name_too_long", {"max": 64})
    }


def test_the_exception_names_fields_and_codes_only() -> None:
    with pytest.raises(FieldErrors) as caught:
        check_application(AGENT | {"phone": "secret"}, Applicant.AGENT, AGENTS_ADDRESS)
    assert str(caught.value) == "phone: phone_format"
