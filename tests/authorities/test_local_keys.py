"""The embedded CA's folder: made once, whole or not at all."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from authorities.local_keys import KeysUnusable, load_or_create
from tests.certification import openssl

PROCESSES = 4


def test_keys_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "ca"
    first, again = load_or_create(folder), load_or_create(folder)
    assert first.issuing == again.issuing
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    folder.mkdir()
    assert load_or_create(folder).issuing == load_or_create(folder).issuing


def test_openssl_accepts_the_issuing_ca(tmp_path: Path) -> None:
    load_or_create(tmp_path / "ca")
    root, issuing = str(tmp_path / "ca" / "root.pem"), str(tmp_path / "ca" / "issuing.pem")
    assert openssl("verify", "-x509_strict", "-CAfile", root, issuing).endswith(": OK\n")


def test_processes_that_start_at_once_have_the_same_ca(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    folder = tmp_path / "ca"
    with context.Pool(PROCESSES, _share, (barrier,)) as pool:
        fingerprints = pool.map(_fingerprint_of_issuing_ca, [folder] * PROCESSES, chunksize=1)
    assert len(fingerprints) == PROCESSES
    assert set(fingerprints) == {load_or_create(folder).issuing.fingerprint(SHA256())}
    assert list(tmp_path.iterdir()) == [folder]


def test_a_half_filled_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    load_or_create(folder)
    (folder / "issuing.key").unlink()
    with pytest.raises(KeysUnusable, match="does not hold a whole CA"):
        load_or_create(folder)
    assert not (folder / "issuing.key").exists()


def test_a_key_of_another_ca_is_noticed(tmp_path: Path) -> None:
    load_or_create(tmp_path / "ca")
    load_or_create(tmp_path / "other")
    (tmp_path / "other" / "issuing.key").replace(tmp_path / "ca" / "issuing.key")
    with pytest.raises(KeysUnusable, match="is not the one in the issuing CA's certificate"):
        load_or_create(tmp_path / "ca")


_barrier: Barrier | None = None


def _share(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603 - a barrier reaches a pool's processes in no other way
    _barrier = barrier


def _fingerprint_of_issuing_ca(folder: Path) -> bytes:
    assert _barrier is not None
    _barrier.wait(timeout=60)
    return load_or_create(folder).issuing.fingerprint(SHA256())
