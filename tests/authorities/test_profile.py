"""The certificate's contents, and what the linter says of them."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authorities import lint
from authorities.connector import CertificateRequest, serial_text
from authorities.lint import lint_certificate
from authorities.local import POLICY, pointers
from authorities.local_keys import CaKeys, load_or_create
from authorities.profile import Issuer, certificate_contents, new_serial
from authorities.signing import sign, under_throwaway_key
from domain.subject import Subject
from tests.certification import TARO, key_in, make_csr, openssl

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> CaKeys:
    return load_or_create(tmp_path_factory.mktemp("profile") / "ca")


def contents(
    keys: CaKeys,
    subject: Subject,
    *,
    years: int = 2,
    csr: str | None = None,
    origin: str = "http://127.0.0.1:8000",
) -> x509.CertificateBuilder:
    request = CertificateRequest("ORDER-1", subject, key_in(csr or make_csr()), years)
    issuer = Issuer(keys.issuing.subject, keys.issuing_key.public_key(), POLICY, pointers(origin))
    return certificate_contents(request, issuer, new_serial(), NOW)


def signed(keys: CaKeys, subject: Subject, *, years: int = 2, csr: str | None = None) -> x509.Certificate:
    tbs = under_throwaway_key(contents(keys, subject, years=years, csr=csr)).tbs_certificate_bytes
    return sign(tbs, keys.issuing_key)


def findings(certificate: x509.Certificate) -> list[str]:
    return lint_certificate(certificate.public_bytes(Encoding.DER))


@pytest.mark.parametrize("years", [1, 2])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"surname": "O'Brien-Sato", "given_name": "Mary Ann Jr."},
        {"email": "a..b@docomo.ne.jp"},
        {"email": "a.@docomo.ne.jp"},
        {"email": "o'neil+x@example.jp"},
        {"organization": "A" * 64},
        {"organization": 'Sample & Sons Co., Ltd. ("Sample")'},
        {"surname": "T" * 32, "given_name": "U" * 31},
    ],
)
def test_linters_find_nothing(keys: CaKeys, years: int, changes: dict[str, str]) -> None:
    assert findings(signed(keys, TARO.model_copy(update=changes), years=years)) == []


def test_linters_find_nothing_with_an_rsa_key(keys: CaKeys) -> None:
    csr = make_csr(rsa.generate_private_key(65537, 2048))
    assert findings(signed(keys, TARO, csr=csr)) == []


@pytest.mark.parametrize(("years", "days"), [(1, 365), (2, 730)])
def test_a_year_is_365_days_both_ends_included(keys: CaKeys, years: int, days: int) -> None:
    certificate = signed(keys, TARO, years=years)
    assert certificate.not_valid_before_utc == NOW
    assert certificate.not_valid_after_utc == NOW + timedelta(days=days, seconds=-1)


def test_openssl_shows_the_profile(keys: CaKeys, tmp_path: Path) -> None:
    subject = TARO.model_copy(update={"email": "a..b@docomo.ne.jp"})
    file = tmp_path / "certificate.pem"
    file.write_bytes(signed(keys, subject).public_bytes(Encoding.PEM))
    shown = openssl(
        "x509", "-noout", "-text", "-nameopt", "show_type,sep_comma_plus,sname,utf8", "-in", str(file)
    )
    assert (
        "Subject: C=PRINTABLESTRING:JP,O=UTF8STRING:Sample Corporation,"
        "organizationIdentifier=UTF8STRING:NTRJP-9999999999999,SN=UTF8STRING:Takahashi,GN=UTF8STRING:Taro,"
        "CN=UTF8STRING:Taro Takahashi" in shown
    )
    assert 'email:"a..b"@docomo.ne.jp' in shown
    assert "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n" in shown
    assert "E-mail Protection, TLS Web Client Authentication, 1.3.6.1.5.5.7.3.36" in shown
    assert f"Policy: {POLICY.dotted_string}" in shown
    assert "URI:http://local-ca.example.jp/ca/local/issuing.crl" in shown
    assert "OCSP - URI:http://local-ca.example.jp/ca/local/ocsp" in shown
    assert "CA Issuers - URI:http://local-ca.example.jp/ca/local/issuing.cer" in shown
    assert "X509v3 Authority Key Identifier" in shown
    assert "X509v3 Subject Key Identifier" in shown


def test_openssl_verifies_the_certificate_up_to_the_root(keys: CaKeys, tmp_path: Path) -> None:
    files = {"root": keys.root, "issuing": keys.issuing, "certificate": signed(keys, TARO)}
    for name, certificate in files.items():
        (tmp_path / name).write_bytes(certificate.public_bytes(Encoding.PEM))
    root, issuing, leaf = (str(tmp_path / name) for name in files)
    for purpose in ("smimesign", "sslclient"):
        shown = openssl(
            "verify", "-x509_strict", "-purpose", purpose, "-attime", str(int(NOW.timestamp()) + 86_400),
            "-CAfile", root, "-untrusted", issuing, leaf,
        )  # fmt: skip
        assert shown.endswith(": OK\n")


def test_common_name_other_than_the_names_is_found(keys: CaKeys) -> None:
    name = [a for a in contents(keys, TARO)._subject_name or () if a.oid != x509.NameOID.COMMON_NAME]
    name.append(x509.NameAttribute(x509.NameOID.COMMON_NAME, "Takahashi Taro"))
    builder = contents(keys, TARO)
    builder._subject_name = x509.Name(name)
    assert findings(under_throwaway_key(builder)) == [lint.COMMON_NAME]


@pytest.mark.parametrize("number", ["8999999999999", "999999999999", "99999999999990"])
def test_corporate_number_with_a_wrong_check_digit_is_found(keys: CaKeys, number: str) -> None:
    subject = TARO.model_copy(update={"corporate_number": number})
    assert lint.CORPORATE_NUMBER in findings(signed(keys, subject))


def test_internal_pointers_are_found(keys: CaKeys) -> None:
    builder = contents(keys, TARO)
    replaced = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://127.0.0.1/crl")], None, None, None)]
    )
    builder._extensions = [
        x509.Extension(e.oid, e.critical, replaced) if e.oid == replaced.oid else e
        for e in builder._extensions
    ]
    assert findings(under_throwaway_key(builder)) == ["cabf.internal_domain_name"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"surname": "T" * 64}, r"^a name is too long or empty$"),
        ({"email": "taro@"}, r"^the address is not one$"),
    ],
)
def test_what_does_not_fit_is_refused_without_telling_it(
    keys: CaKeys, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        contents(keys, TARO.model_copy(update=changes))
    assert refused.value.__cause__ is None


def test_findings_and_logs_tell_no_personal_data(keys: CaKeys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    found = findings(signed(keys, TARO.model_copy(update={"organization": "Secret" * 11})))
    assert "itu.invalid_asn1_syntax" in found
    assert "Secret" not in " ".join(found) + caplog.text


def test_something_else_than_a_certificate_is_unreadable() -> None:
    assert lint_certificate(b"0\x03\x02\x01\x01") == [lint.UNREADABLE]


@pytest.mark.parametrize(
    ("origin", "base"),
    [
        ("http://127.0.0.1:8000", "http://local-ca.example.jp"),
        ("http://[::1]:8000", "http://local-ca.example.jp"),
        ("http://localhost:8000", "http://local-ca.example.jp"),
        ("https://lra.example.jp", "http://lra.example.jp"),
        ("https://lra.example.jp:8443", "http://lra.example.jp"),
        ("http://lra.example.jp:8000", "http://lra.example.jp:8000"),
    ],
)
def test_pointers_are_http_under_a_public_name(origin: str, base: str) -> None:
    assert pointers(origin).crl == f"{base}/ca/local/issuing.crl"


def test_serial_numbers_are_positive_random_and_written_in_whole_bytes() -> None:
    serials = {new_serial() for _ in range(1000)}
    assert len(serials) == 1000
    assert all(len(serial_text(serial)) == 32 for serial in serials)
    assert all(serial.to_bytes(16, "big")[0] < 0x80 for serial in serials)
    assert serial_text(0x0F) == "0f"


@pytest.mark.parametrize(
    "key",
    [
        b"junk",
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["junk", "ed25519"],
)
def test_keys_of_other_kinds_do_not_fit(keys: CaKeys, key: bytes) -> None:
    issuer = Issuer(keys.issuing.subject, keys.issuing_key.public_key(), POLICY, pointers("http://127.0.0.1"))
    with pytest.raises(ValueError):  # noqa: PT011 - the words are partly those of cryptography
        certificate_contents(CertificateRequest("ORDER-1", TARO, key, 1), issuer, new_serial(), NOW)
