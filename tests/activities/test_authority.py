"""What an enrolment asks of the CA: every call again, killed before and after, and a CA that misbehaves."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.authority import (
    CERTIFICATE_CONTEXT,
    CertificateAuthority,
    CheckRequest,
    FetchCertificate,
    OrderCertificate,
    RevokeCertificate,
)
from authorities import inspection
from authorities.connector import AuthorityUnavailable, serial_text
from authorities.local_keys import load_or_create
from domain.revocation import RevocationReason
from records.database import Database
from records.tables import Base, Certificate, CertificateOrder
from records.vault import Vault
from tests.certification import TARO, make_csr
from tests.scripted_authority import ScriptedAuthority

REFERENCE, TENANT = "0123456789ABC", "leopalace"

Row = TypeVar("Row", bound=Base)


@pytest.fixture
def ca(tmp_path: Path) -> ScriptedAuthority:
    return ScriptedAuthority(load_or_create(tmp_path / "scripted-ca"))


@pytest.fixture
def activities(database: Database, vault: Vault, ca: ScriptedAuthority) -> CertificateAuthority:
    return CertificateAuthority(database, vault, ca)


@pytest.fixture
def csr() -> str:
    return make_csr()


def check(csr: str, *, reference: str = REFERENCE, round_: int = 1) -> CheckRequest:
    return CheckRequest(reference=reference, round=round_, csr=csr, subject=TARO, validity_years=2)


def order(csr: str) -> OrderCertificate:
    return OrderCertificate(
        reference=REFERENCE, round=1, tenant=TENANT, csr=csr, subject=TARO, validity_years=2
    )


def fetch(csr: str) -> FetchCertificate:
    return FetchCertificate(
        order_id=f"{REFERENCE}-1", reference=REFERENCE, tenant=TENANT, csr=csr, subject=TARO
    )


async def stored(database: Database, table: type[Row]) -> Sequence[Row]:
    async with database.begin() as session:
        return (await session.scalars(select(table))).all()


# --- the certification request


async def test_a_good_request_is_accepted_however_often_it_is_checked(
    activities: CertificateAuthority, csr: str
) -> None:
    for _ in range(3):
        verdict = await ActivityEnvironment().run(activities.check_request, check(csr))
        assert (verdict.accepted, verdict.problem) == (True, None)


async def test_a_request_that_is_none_is_refused(activities: CertificateAuthority) -> None:
    assert (await activities.check_request(check("x"))).problem == "csr_malformed"


async def test_a_key_is_good_for_one_round_of_one_enrolment(
    activities: CertificateAuthority, csr: str
) -> None:
    await activities.check_request(check(csr))
    for other in (check(csr, round_=2), check(csr, reference="0123456789ABD")):
        assert (await activities.check_request(other)).problem == "key_seen"
    assert (await activities.check_request(check(csr))).accepted


async def test_what_the_linter_finds_is_told(
    activities: CertificateAuthority, ca: ScriptedAuthority, csr: str
) -> None:
    ca.findings = ["jcan.corporate_number_check_digit"]
    verdict = await activities.check_request(check(csr))
    assert (verdict.problem, verdict.findings) == ("contents_refused", ca.findings)


# --- the order


async def test_an_order_is_stored_before_it_is_sent(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, csr: str
) -> None:
    ca.away = True
    with pytest.raises(ApplicationError) as away:
        await activities.order_certificate(order(csr))
    assert (away.value.type, away.value.non_retryable) == ("AuthorityUnavailable", False)
    assert "taro" not in str(away.value)
    assert away.value.__cause__ is None
    (row,) = await stored(database, CertificateOrder)
    assert (row.order_id, row.connector, row.accepted_at) == (f"{REFERENCE}-1", "scripted", None)

    ca.away = False
    assert (await activities.order_certificate(order(csr))).order_id == f"{REFERENCE}-1"
    (row,) = await stored(database, CertificateOrder)
    assert row.accepted_at is not None


async def test_an_order_killed_after_its_effect_is_the_same_order(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, csr: str
) -> None:
    first = await activities.order_certificate(order(csr))
    (before,) = await stored(database, CertificateOrder)
    assert await activities.order_certificate(order(csr)) == first
    (after,) = await stored(database, CertificateOrder)
    assert (after.requested_at, after.accepted_at) == (before.requested_at, before.accepted_at)
    assert ca.ordered[0] == ca.ordered[1]


async def test_a_refused_order_is_an_answer(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, csr: str
) -> None:
    ca.refuses = True
    ordered = await activities.order_certificate(order(csr))
    assert (ordered.problem, ordered.findings) == ("order_refused", ["ca.refuses"])
    (row,) = await stored(database, CertificateOrder)
    assert row.accepted_at is None


# --- the certificate


async def test_not_issued_yet_is_retried(activities: CertificateAuthority, csr: str) -> None:
    with pytest.raises(ApplicationError, match="not issued yet") as not_yet:
        await activities.fetch_certificate(fetch(csr))
    assert (not_yet.value.type, not_yet.value.non_retryable) == ("NotIssuedYet", False)


async def test_a_good_certificate_is_stored_sealed_and_once(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, vault: Vault, csr: str
) -> None:
    issued = ca.issue(csr)
    first = await activities.fetch_certificate(fetch(csr))
    assert await activities.fetch_certificate(fetch(csr)) == first
    assert (first.problem, first.findings, ca.revoked) == (None, [], [])
    assert first.serial == serial_text(issued.certificate.serial_number)
    assert first.not_after == issued.certificate.not_valid_after_utc
    assert [x509.load_pem_x509_certificate(pem.encode()) for pem in first.chain] == list(issued.chain)
    (row,) = await stored(database, Certificate)
    assert (row.serial, row.reference, row.tenant) == (first.serial, REFERENCE, TENANT)
    assert row.fingerprint == issued.certificate.fingerprint(SHA256())
    assert b"taro" not in row.sealed_certificate
    assert (
        await vault.open(REFERENCE, row.sealed_certificate, CERTIFICATE_CONTEXT) == first.certificate.encode()
    )


async def test_a_refusal_after_the_order_is_an_answer(
    activities: CertificateAuthority, ca: ScriptedAuthority, csr: str
) -> None:
    ca.refuses = True
    fetched = await activities.fetch_certificate(fetch(csr))
    assert (fetched.problem, fetched.serial, fetched.findings) == ("order_refused", "", ["ca.refuses"])


def for_another_key(ca: ScriptedAuthority, _: str) -> None:
    ca.issue(make_csr())


def for_another_person(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, TARO.model_copy(update={"surname": "Suzuki"}))


def for_another_address(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, TARO.model_copy(update={"email": "jiro@example.jp"}))


def without_crl_pointer(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, without=x509.CRLDistributionPoints)


def without_ocsp_pointer(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, without=x509.AuthorityInformationAccess)


def without_key_usage(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, without=x509.KeyUsage)


def without_extended_key_usage(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, without=x509.ExtendedKeyUsage)


def without_policies(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, without=x509.CertificatePolicies)


def expired(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, years=1, not_before=datetime.now(UTC) - timedelta(days=366))


def of_the_future(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, not_before=datetime.now(UTC) + timedelta(days=1))


def signed_by_somebody_else(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, signer=ec.generate_private_key(ec.SECP256R1()))


def without_chain(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, chain=[])


def with_the_chain_upside_down(ca: ScriptedAuthority, csr: str) -> None:
    ca.issue(csr, chain=[ca.keys.root, ca.keys.issuing])


@pytest.mark.parametrize(
    ("misbehave", "finding"),
    [
        (for_another_key, inspection.KEY),
        (for_another_person, inspection.SUBJECT),
        (for_another_address, inspection.ADDRESS),
        (without_crl_pointer, inspection.CRL_POINTER),
        (without_ocsp_pointer, inspection.OCSP_POINTER),
        (without_key_usage, inspection.KEY_USAGES),
        (without_extended_key_usage, inspection.EXTENDED_KEY_USAGES),
        (without_policies, "cabf.smime.certificate_policies_extension_missing"),
        (expired, inspection.VALIDITY),
        (of_the_future, inspection.VALIDITY),
        (signed_by_somebody_else, inspection.CHAIN),
        (without_chain, inspection.CHAIN),
        (with_the_chain_upside_down, inspection.CHAIN),
    ],
)
async def test_a_certificate_that_was_not_ordered_is_revoked_at_once_and_not_stored(
    activities: CertificateAuthority,
    ca: ScriptedAuthority,
    database: Database,
    csr: str,
    misbehave: Callable[[ScriptedAuthority, str], None],
    finding: str,
) -> None:
    misbehave(ca, csr)
    fetched = await activities.fetch_certificate(fetch(csr))
    assert fetched.problem == "certificate_refused"
    assert finding in fetched.findings
    assert ca.revoked == [(fetched.serial, RevocationReason.SUPERSEDED)]
    assert list(await stored(database, Certificate)) == []


async def test_another_enrolments_certificate_is_refused_and_not_revoked(
    activities: CertificateAuthority, ca: ScriptedAuthority, csr: str
) -> None:
    ca.issue(csr)
    await activities.fetch_certificate(fetch(csr))
    again = fetch(csr).model_copy(update={"reference": "0123456789ABD"})
    fetched = await activities.fetch_certificate(again)
    assert (fetched.problem, fetched.findings) == ("certificate_refused", ["issued.of_another_enrolment"])
    assert ca.revoked == []


async def test_a_certificate_is_handed_on_only_once_its_revocation_is_through(
    activities: CertificateAuthority, ca: ScriptedAuthority, csr: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_another_key(ca, csr)

    async def away(_serial: str, _reason: RevocationReason) -> None:
        raise AuthorityUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(ca, "revoke", away)
        with pytest.raises(ApplicationError) as not_revoked:
            await activities.fetch_certificate(fetch(csr))
        assert not_revoked.value.type == "AuthorityUnavailable"
    assert (await activities.fetch_certificate(fetch(csr))).problem == "certificate_refused"
    assert len(ca.revoked) == 1


# --- revocation


async def test_the_first_revocation_counts(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, csr: str
) -> None:
    ca.issue(csr)
    serial = (await activities.fetch_certificate(fetch(csr))).serial
    revoke = RevokeCertificate(serial=serial, reason=RevocationReason.KEY_COMPROMISE)
    first = await activities.revoke_certificate(revoke)
    other = revoke.model_copy(update={"reason": RevocationReason.SUPERSEDED})
    assert await activities.revoke_certificate(other) == first
    (row,) = await stored(database, Certificate)
    assert (row.revoked_at, row.revocation_reason) == (first.revoked_at, "keyCompromise")


async def test_nothing_is_recorded_as_revoked_while_the_ca_is_away(
    activities: CertificateAuthority, ca: ScriptedAuthority, database: Database, csr: str
) -> None:
    ca.issue(csr)
    serial = (await activities.fetch_certificate(fetch(csr))).serial
    ca.away = True
    with pytest.raises(ApplicationError, match="the CA does not answer"):
        await activities.revoke_certificate(
            RevokeCertificate(serial=serial, reason=RevocationReason.KEY_COMPROMISE)
        )
    (row,) = await stored(database, Certificate)
    assert row.revoked_at is None


async def test_a_process_that_dies_after_the_ca_has_revoked_writes_it_down_at_the_next_attempt(
    activities: CertificateAuthority,
    ca: ScriptedAuthority,
    database: Database,
    csr: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca.issue(csr)
    serial = (await activities.fetch_certificate(fetch(csr))).serial
    revoke = RevokeCertificate(serial=serial, reason=RevocationReason.KEY_COMPROMISE)

    async def die(_revoke: RevokeCertificate) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(activities, "_store_revocation", die)
        with pytest.raises(KeyboardInterrupt):
            await activities.revoke_certificate(revoke)
    assert [serial for serial, _ in ca.revoked] == [serial]
    await activities.revoke_certificate(revoke)
    (row,) = await stored(database, Certificate)
    assert row.revoked_at is not None
