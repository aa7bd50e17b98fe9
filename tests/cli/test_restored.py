"""`jcan restored` as it is typed after a backup was restored."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import restored
from domain.revocation import RevocationReason
from records import audit, certificates
from records.audit import Entry
from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.cli.conftest import Jcan
from tests.web.certifying import SERIAL, certifier
from tests.web.enrolling import REFERENCE


@dataclass
class RecordingAuthority:
    """A CA that notes what it is to revoke."""

    revoked: list[tuple[str, RevocationReason]] = field(default_factory=list)

    async def revoke(self, serial: str, reason: RevocationReason) -> None:
        """Note it."""
        self.revoked.append((serial, reason))


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> RecordingAuthority:
    """The CA that the command line asks."""
    recording = RecordingAuthority()
    monkeypatch.setattr(restored, "authority_of", lambda _: recording)
    return recording


def told(key: str, **facts: str) -> Entry:
    """An entry about a revocation."""
    return Entry(
        key=key,
        at=datetime.now(UTC),
        actor="workflow",
        action="certificate_revoked",
        reference=REFERENCE.text,
        tenant="leopalace",
        facts={"serial": SERIAL, "reason": "superseded"} | facts,
    )


OF_THE_CERTIFICATES_RUN = told(f"{SERIAL}.certificate_revoked", by="operator:cli")
TOLD_TO_THE_ENROLMENT = told(f"{REFERENCE.text}.certificate_revoked.by-hand-3", verdict="not_now")


@pytest.mark.parametrize(
    ("entry", "revoked"),
    [(OF_THE_CERTIFICATES_RUN, [(SERIAL, RevocationReason.SUPERSEDED)]), (TOLD_TO_THE_ENROLMENT, [])],
    ids=["the certificate's run", "told to the enrolment"],
)
async def test_only_what_the_certificates_own_run_wrote_is_revoked_again(
    jcan: Jcan,
    authority: RecordingAuthority,
    database: Database,
    vault: Vault,
    settings: Settings,
    tmp_path: Path,
    entry: Entry,
    revoked: list[tuple[str, RevocationReason]],
) -> None:
    await certifier(database, vault, settings)()
    async with database.begin() as session:
        await audit.add(session, entry)
    trail = tmp_path / "trail"
    trail.write_text(jcan("audit", "export").stdout, encoding="utf-8")
    done = jcan("restored", "erasures", str(trail))
    assert (done.returncode, done.stdout) == (0, f"Erased again: 0. Revoked again: {len(revoked)}.\n")
    assert authority.revoked == revoked
    async with database.begin() as session:
        certificate = await certificates.find(session, SERIAL)
    assert certificate is not None
    assert (certificate.revoked_at is not None) == bool(revoked)
