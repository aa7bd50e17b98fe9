"""Tenants are files that are checked before anybody sees them."""

from pathlib import Path

import pytest

import tenants
from domain.stage import Language
from domain.tenant import Tenant
from tenants import TenantError, load_tenants

SAMPLE = (Path(tenants.__file__).parent / "leopalace.toml").read_text(encoding="utf-8")


def broken_by(folder: Path, old: str, new: str) -> str:
    """The sentence told when the sample has `new` in place of `old`."""
    assert old in SAMPLE
    (folder / "leopalace.toml").write_text(SAMPLE.replace(old, new), encoding="utf-8")
    with pytest.raises(TenantError) as caught:
        load_tenants(folder)
    return str(caught.value)


def test_the_two_sample_tenants() -> None:
    loaded = load_tenants()
    assert list(loaded) == ["contracthub", "leopalace"]
    leopalace, contracthub = loaded["leopalace"], loaded["contracthub"]
    assert (leopalace.company_code, leopalace.mail_label, leopalace.review) == (
        "leo-sign",
        "Leo-sign",
        "auto",
    )
    assert (contracthub.company_code, contracthub.mail_label, contracthub.review) == (
        "contracthub",
        "Contracthub",
        "operator",
    )
    assert leopalace.lra_title.ja == "認定LRA"
    assert contracthub.lra_title.ja == "LRA登録事業者"
    assert leopalace.direct_installation
    assert not contracthub.direct_installation
    assert len(contracthub.obligations.ja) > len(leopalace.obligations.ja)


@pytest.mark.parametrize("tenant", load_tenants().values(), ids=lambda tenant: tenant.name)
def test_both_languages_say_the_same_number_of_things(tenant: Tenant) -> None:
    for text in (tenant.obligations, tenant.privacy, tenant.signature):
        assert len(text.of(Language.JA)) == len(text.of(Language.EN))


@pytest.mark.parametrize("tenant", load_tenants().values(), ids=lambda tenant: tenant.name)
def test_every_address_is_a_reserved_one(tenant: Tenant) -> None:
    for address in (tenant.mail_from, tenant.contact.email, tenant.privacy_desk.email):
        assert address.endswith(".example.jp")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('company_code = "leo-sign"', "", "leopalace.toml: company_code is wrong: Field required."),
        (
            '"leo-sign"',
            '"leo_sign"',
            "leopalace.toml: company_code is wrong: Value error, company_code_format.",
        ),
        ('"jcanlra-leopalace@lra.example.jp"', '"nobody"', "leopalace.toml: contact.email is wrong"),
        ('review = "auto"', 'review = "never"', "leopalace.toml: review is wrong"),
        ('review = "auto"', 'review = "auto"\nlogo = "x"', "leopalace.toml: logo is wrong"),
        (', en = "e-Contract Service"', "", "leopalace.toml: service_name.en is wrong: Field required."),
        ('name = "leopalace"', 'name = "other"', "leopalace.toml: name is 'other'"),
        ("version = ", "version = = ", "leopalace.toml cannot be read"),
        ('mail_label = "Leo-sign"', 'mail_label = "Leo\\nBcc: x"', "leopalace.toml: mail_label is wrong"),
    ],
)
def test_a_broken_file_is_told_by_file_and_field(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert broken_by(tmp_path, old, new).startswith(sentence)


def test_two_tenants_cannot_share_a_company_code(tmp_path: Path) -> None:
    (tmp_path / "another.toml").write_text(SAMPLE.replace('"leopalace"', '"another"'), encoding="utf-8")
    assert broken_by(tmp_path, "0.1.0", "0.1.0") == (
        "leopalace.toml: company_code is the same as in another.toml."
    )


def test_without_any_tenant_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(TenantError, match="no tenant"):
        load_tenants(tmp_path)
