"""The Dockerfile: what it copies is there and is enough, and nothing of it runs as root."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from devstack import environment
from tests.deploy.composition import ROOT, composition, demo_variables
from tests.deploy.image import allowed, build, copied, stages, write_programs

LOCK = ROOT / "requirements.runtime.lock"
# Loads everything that a container runs where only the packages of the lock are there; says from which files.
LOADING = """
import importlib.metadata, re, sys
owners, locked = importlib.metadata.packages_distributions(), set(sys.argv[1:])

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        of = {re.sub("[-_.]+", "-", owner).lower() for owner in owners.get(name.partition(".")[0], [])}
        if of and not of & locked and "jcan-lra" not in of:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, OnlyLocked())
import psycopg, cli.main, devstack.econtract.__main__, records.migrate, web.__main__, web.app, worker
cli.main.application()
files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
print(*filter(None, files), sep="\\n")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image has in /app."""
    folder = tmp_path_factory.mktemp("image")
    build(folder)
    return folder


def test_everything_that_it_copies_is_there_and_is_let_in() -> None:
    sources = {source for stage in stages() for sources, _place in copied(stage) for source in sources}
    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []
    assert sources == allowed()


def test_every_room_of_the_house_is_in_it() -> None:
    manifest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {name.removesuffix("*") for name in manifest["tool"]["setuptools"]["packages"]["find"]["include"]}
    modules = {f"{name}.py" for name in manifest["tool"]["setuptools"]["py-modules"]}
    assert rooms | modules == allowed() - {LOCK.name}


def test_its_files_and_packages_are_enough(tree: Path) -> None:
    names = re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    command = [sys.executable, "-c", LOADING, *names]
    ran = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    files = [Path(file) for file in ran.stdout.splitlines()]
    assert tree / "web" / "app.py" in files
    packages = Path(sys.prefix)
    assert [file for file in files if file.is_relative_to(ROOT) and not file.is_relative_to(packages)] == []


def test_its_lock_has_the_versions_that_the_tests_ran_with() -> None:
    pins = set(re.findall(r"^(\S+==\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(pins) > 20
    assert pins < set(re.findall(r"^(\S+==\S+)", environment.LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def test_its_packages_are_installed_as_they_were_locked() -> None:
    (install,) = [each.text for each in stages()[0] if each.text.startswith("pip ")]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:"):
        assert option in install
    assert "--hash=sha256:" in LOCK.read_text(encoding="utf-8")


def test_it_runs_as_the_user_that_compose_names() -> None:
    words = [each.word for each in stages()[-1]]
    (user,) = [each.text for each in stages()[-1] if each.word == "USER"]
    ours = {service.user for service in composition(demo_variables()).services.values() if service.is_ours}
    assert ours == {user}
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")


def test_who_only_gets_in_by_its_user_may_read_everything() -> None:
    texts = [f"{each.word} {each.text}" for each in stages()[-1]]
    (opening,) = [place for place, text in enumerate(texts) if "chmod -R a+rX /app" in text]
    assert opening > max(place for place, text in enumerate(texts) if text.startswith("COPY"))


def test_jcan_is_a_program_there(tree: Path, tmp_path: Path) -> None:
    write_programs(tmp_path)
    secrets = tmp_path / "secrets"
    command = [str(tmp_path / "jcan"), "keys", "new", str(secrets), "--name", "lra.example.jp"]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (secrets / "tls_key").is_file()


def test_new_volumes_belong_to_that_user() -> None:
    (folders,) = [each.text for each in stages()[-1] if "install --directory" in each.text]
    services = composition(demo_variables()).services.values()
    volumes = {volume for each in services if each.is_ours for volume in each.volumes}
    targets = {volume.split(":")[1] for volume in volumes if not volume.startswith(".")}
    assert targets == {word for word in folders.split() if word.startswith("/var/lib/")}


def test_both_stages_have_the_same_pinned_python() -> None:
    bases = [stage[0].text.split()[0] for stage in stages()]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.1[1-9]-slim-\w+", bases[0])
