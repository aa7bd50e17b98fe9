"""What is written down about certificates, and which of them belong together."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.certificates import Certificates, RecordCertificate
from domain.revocation import RevocationReason
from domain.stage import Applicant, Language, Stage
from records import audit, certificates, enrolments
from records.audit import Entry
from records.certificates import CertificateStanding
from records.database import Database
from records.enrolments import Details, Standing
from records.tables import Certificate
from records.vault import Vault
from settings import Settings
from tests.web.enrolling import application

NOW = datetime.now(UTC)


@pytest.fixture
def activities(database: Database, vault: Vault, settings: Settings) -> Certificates:
    return Certificates(database, vault, settings.digest_key)


class Shelf:
    """Certificates as earlier enrolments left them."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self.database, self.vault, self.settings = database, vault, settings
        self.count = 0

    @property
    def newest(self) -> str:
        """The reference of the enrolment whose certificate was put there last."""
        return f"{self.count:013d}"

    async def put(
        self,
        *,
        tenant: str = "leopalace",
        ends: timedelta = timedelta(days=300),
        renews: str | None = None,
        **changes: str,
    ) -> str:
        """Put a certificate there for an application with changes; gives its serial."""
        self.count += 1
        serial, reference = os.urandom(8).hex(), self.newest
        standing = Standing(
            reference=reference,
            tenant=tenant,
            applicant=Applicant.PRINCIPAL,
            language=Language.JA,
            stage=Stage.ISSUED,
            since=NOW,
            until=None,
            attention=None,
            outcome=None,
            generation=1,
            redeemed_generation=1,
            approval_round=0,
            ordered=True,
            registered_at=NOW,
        )
        details = Details(
            email="x@example.jp", ticket_number="t", application=application(**changes), renews=renews
        )
        row = Certificate(
            serial=serial,
            reference=reference,
            tenant=tenant,
            not_before=NOW,
            not_after=NOW + ends,
            fingerprint=b"",
            sealed_certificate=b"",
            stored_at=NOW + timedelta(seconds=self.count),
        )
        async with self.database.begin() as session:
            await enrolments.write(session, self.vault, self.settings.digest_key, standing, details)
            session.add(row)
        return serial


@pytest.fixture
def shelf(database: Database, vault: Vault, settings: Settings) -> Shelf:
    return Shelf(database, vault, settings)


async def test_a_certificate_follows_the_same_persons_for_the_same_organisation_only(
    activities: Certificates, shelf: Shelf, database: Database
) -> None:
    older = await shelf.put()
    same_mailbox = await shelf.put(email="Taro.Takahashi@example.jp")
    await shelf.put(email="jiro.takahashi@example.jp")
    await shelf.put(corporate_number="9111111111111")
    await shelf.put(tenant="contracthub")
    await shelf.put(ends=timedelta(days=-1))
    revoked = await shelf.put()
    async with database.begin() as session:
        (await session.get_one(Certificate, revoked)).revoked_at = NOW
    newest = await shelf.put()
    kin = await ActivityEnvironment().run(activities.find_kin, newest)
    assert set(kin.predecessors) == {older, same_mailbox}
    assert not kin.revoked


@pytest.mark.parametrize(
    ("changes", "follows"),
    [
        ({"email": "taro@example.org"}, True),
        ({"email": "taro@example.org", "given_name_latin": "Jiro"}, False),
        ({"email": "taro@example.org", "corporate_number": "9111111111111"}, False),
        ({"email": "taro@example.org", "tenant": "contracthub"}, False),
        ({}, True),
    ],
    ids=["another address", "another person", "another organisation", "another service", "all the same"],
)
async def test_a_renewal_follows_the_certificate_that_it_renews_also_at_another_address(
    activities: Certificates, shelf: Shelf, changes: dict[str, Any], *, follows: bool
) -> None:
    older = await shelf.put()
    newest = await shelf.put(renews=shelf.newest, **changes)
    assert (await activities.find_kin(newest)).predecessors == ([older] if follows else [])


async def test_a_certificate_does_not_follow_a_newer_one(activities: Certificates, shelf: Shelf) -> None:
    older = await shelf.put()
    await shelf.put()
    assert (await activities.find_kin(older)).predecessors == []


async def test_that_a_certificate_is_revoked_itself_is_told(
    activities: Certificates, shelf: Shelf, database: Database
) -> None:
    serial = await shelf.put()
    async with database.begin() as session:
        (await session.get_one(Certificate, serial)).revoked_at = NOW
    assert (await activities.find_kin(serial)).revoked


async def test_an_unknown_certificate_has_no_kin(activities: Certificates) -> None:
    kin = await activities.find_kin("ff")
    assert (kin.predecessors, kin.revoked) == ([], False)


async def test_a_standing_is_written_with_its_entries_once(
    activities: Certificates, shelf: Shelf, database: Database
) -> None:
    serial = await shelf.put()
    standing = CertificateStanding(
        serial=serial,
        generation=2,
        link_until=NOW,
        requested_reason=RevocationReason.SUPERSEDED,
        renewed_by="ab",
    )
    entry = Entry(key=f"{serial}.x", at=NOW, actor="workflow", action="x", reference="0000000000001")
    for _ in range(2):
        await activities.record(RecordCertificate(standing=standing, entries=[entry]))
    async with database.begin() as session:
        row = await certificates.find(session, serial)
        entries = await audit.entries_of(session, "0000000000001")
    assert row is not None
    assert (row.revocation_generation, row.revocation_until, row.requested_reason, row.renewed_by) == (
        2,
        NOW,
        "superseded",
        "ab",
    )
    assert len(entries) == 1
