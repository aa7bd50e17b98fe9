"""What is written down about issued certificates, and which of them belong together."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import audit, certificates
from records.audit import Entry
from records.certificates import CertificateStanding
from records.database import Database
from records.vault import Vault


class RecordCertificate(BaseModel):
    """What to write: the certificate's standing as it is now, and the entries since it was last written."""

    model_config = ConfigDict(frozen=True)

    standing: CertificateStanding
    entries: list[Entry] = []


class Kin(BaseModel):
    """What there is beside a new certificate.

    `predecessors`: the serials of those that it takes the place of. `revoked`: whether it is revoked itself,
    as the certificate of a run that was reset may be.
    """

    model_config = ConfigDict(frozen=True)

    predecessors: list[str] = []
    revoked: bool = False


class Certificates:
    """The activities around our own record of certificates."""

    def __init__(self, database: Database, vault: Vault, digest_key: bytes) -> None:
        """Take the database, the vault for what is personal, and the key of the addresses' digests."""
        self._database = database
        self._vault = vault
        self._digest_key = digest_key

    @activity.defn(name="record_certificate")
    async def record(self, record: RecordCertificate) -> None:
        """Write the standing and the entries; done again it changes nothing."""
        async with self._database.begin() as session:
            await certificates.note_standing(session, record.standing)
            await audit.add(session, *record.entries)

    @activity.defn(name="find_kin")
    async def find_kin(self, serial: str) -> Kin:
        """Find what a new certificate takes the place of: the same person's for the same organisation."""
        async with self._database.begin() as session:
            certificate = await certificates.find(session, serial)
            older = await certificates.predecessors(
                session, self._vault, self._digest_key, serial=serial, at=datetime.now(UTC)
            )
        return Kin(predecessors=older, revoked=certificate is not None and certificate.revoked_at is not None)
