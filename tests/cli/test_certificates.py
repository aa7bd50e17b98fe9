"""`jcan certificates` as an operator types it."""

import json
from datetime import UTC, datetime

from records.database import Database
from records.vault import Vault
from settings import Settings
from tests.cli.conftest import Jcan
from tests.web.certifying import EMAIL, SERIAL, certifier


async def test_certificates_are_listed_and_shown_without_anybodys_name(
    jcan: Jcan, database: Database, vault: Vault, settings: Settings
) -> None:
    await certifier(database, vault, settings)()
    (listed,) = json.loads(jcan("certificates", "list", "--json", "--stage=valid").stdout)
    assert (listed["serial"], listed["tenant"], listed["stage"]) == (SERIAL, "leopalace", "valid")
    for words in (
        ("list",),
        ("list", "--tenant=leopalace"),
        ("show", SERIAL),
        ("show", f"0x{SERIAL.upper()}"),
    ):
        told = jcan("certificates", *words)
        assert told.returncode == 0, told.stderr
        assert SERIAL in told.stdout
        assert EMAIL not in told.stdout
        assert "Takahashi" not in told.stdout
    assert jcan("certificates", "list", "--tenant=contracthub").stdout == ""


async def test_a_revoked_certificate_is_shown_as_such(
    jcan: Jcan, database: Database, vault: Vault, settings: Settings
) -> None:
    await certifier(database, vault, settings)(revoked_at=datetime.now(UTC), revocation_reason="superseded")
    shown = json.loads(jcan("certificates", "show", SERIAL, "--json").stdout)
    assert (shown["stage"], shown["reason"]) == ("revoked", "superseded")


def test_what_is_not_there_and_what_is_no_serial_are_refused(jcan: Jcan) -> None:
    for serial, sentence in (("00ff", "no such certificate"), ("xyz", "not a serial number")):
        told = jcan("certificates", "show", serial)
        assert told.returncode == 1
        assert sentence in told.stderr


async def test_a_revocation_needs_a_reason_of_rfc_5280_and_the_engine(
    jcan: Jcan, database: Database, vault: Vault, settings: Settings
) -> None:
    await certifier(database, vault, settings)()
    assert jcan("certificates", "revoke", SERIAL).returncode == 2
    assert jcan("certificates", "revoke", SERIAL, "--reason=boredom").returncode == 2
    told = jcan("certificates", "revoke", SERIAL, "--reason=keyCompromise")
    assert (told.returncode, told.stderr.strip()) == (1, "Temporal cannot be reached; nothing was changed.")
