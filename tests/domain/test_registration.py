"""The registration form, all its mistakes at once."""

import pytest
from pydantic import ValidationError

from domain.problem import FieldErrors, Problem
from domain.registration import Registration, check_registration
from domain.stage import Applicant

TYPED = {
    "applicant": "agent",
    "company_code": "Leo-Sign",
    "ticket_number": " 14F75199C-82f4-419b-8041-5f8631cb488ep",
    "email": "Hanako.Sato@EXAMPLE.jp",
    "email_confirmation": "Ｈanako.Sato@example.jp ",
}


def problems_of(raw: dict[str, str]) -> dict[str, Problem]:
    with pytest.raises(FieldErrors) as caught:
        check_registration(raw)
    return caught.value.problems


def test_a_form_filled_in_gives_the_registration_folded() -> None:
    assert check_registration(TYPED) == Registration(
        applicant=Applicant.AGENT,
        company_code="leo-sign",
        ticket_number="14f75199c-82f4-419b-8041-5f8631cb488ep",
        email="Hanako.Sato@example.jp",
    )


def test_an_empty_form_has_a_problem_at_every_field_in_the_form_s_order() -> None:
    assert list(problems_of({}).items()) == [
        ("applicant", Problem("applicant_missing")),
        ("company_code", Problem("required")),
        ("ticket_number", Problem("required")),
        ("email", Problem("required")),
        ("email_confirmation", Problem("required")),
    ]


@pytest.mark.parametrize("again", ["hanako.sato@example.jp", "Hanako.Sato@example.com", "Hanako.Sato"])
def test_the_two_addresses_must_be_the_same(again: str) -> None:
    assert problems_of(TYPED | {"email_confirmation": again}) == {
        "email_confirmation": Problem("email_mismatch")
    }


def test_a_wrong_address_is_told_once() -> None:
    assert problems_of(TYPED | {"email": "hanako", "email_confirmation": "hanako"}) == {
        "email": Problem("email_format")
    }


def test_the_exceptions_show_no_typed_text() -> None:
    with pytest.raises(FieldErrors) as caught:
        check_registration(TYPED | {"email": "secret@@example.jp"})
    assert "secret" not in str(caught.value)
    with pytest.raises(ValidationError) as invalid:
        Registration(
            applicant=Applicant.AGENT, company_code="leo-sign", ticket_number="secret", email="a@example.jp"
        )
    assert "secret" not in str(invalid.value)
