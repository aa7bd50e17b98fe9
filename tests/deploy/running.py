"""The system as docker-compose.yml describes it, without containers: its commands run as they are written.

A container's addresses, ports and folders become ones of this machine, and each process gets only the secrets
that its service is given. PostgreSQL, the Temporal server and the mail catcher are those of `make run`.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from cli.secret_files import make_folder
from devstack.leash import leash
from devstack.ports import LOOPBACK
from devstack.postgres import STOP_SIGNAL, Cluster, prepare, programs_in_wheel
from tenants import load_tenants
from tests.deploy.composition import ROOT, Service, composition, demo_variables
from tests.deploy.image import build, write_programs
from tests.deploy.typed import typed
from tests.running.free_ports import free_ports
from tests.running.mailbox import Mailbox
from tests.running.stack import CAPTCHA_ANSWER
from tests.running.waiting import until

NAMESPACE = "lra-compose"

_PORTS = (
    *("proxy", "proxy_health", "web", "postgres", "temporal", "ui", "mailbox", "smtp", "econtract"),
    *("web_metrics", "worker_metrics"),
)
_UP_WITHIN = 60.0  # seconds
_STOPPED_WITHIN = 20.0


class Composed:
    """The services of the demo, on free ports, in a folder that PostgreSQL's user can get to."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """Make the secrets that are missing and read the file; `up()` starts everything."""
        self.folder = folder
        self.ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        names = ["localhost", "mail.localhost", "econtract.localhost"]
        make_folder(folder / "secrets", sorted(load_tenants()), names)
        self.file = composition(demo_variables() | self._variables() | variables)
        self.tree = folder / "app"
        self.tree.mkdir()
        build(self.tree)
        write_programs(self._folder("bin"))
        self._running: list[subprocess.Popen[bytes]] = []
        self._socket = ""

    @property
    def origin(self) -> str:
        """How people reach the system."""
        return f"https://localhost:{self.ports['proxy']}"

    @property
    def mailbox(self) -> Mailbox:
        """The mails that were sent."""
        return Mailbox(f"http://{LOOPBACK}:{self.ports['mailbox']}")

    def secret(self, name: str) -> str:
        """What a file of the secrets' folder holds."""
        return (self.folder / "secrets" / name).read_text(encoding="utf-8")

    def database(self, role: str, name: str = "jcan") -> str:
        """The address of a database for one of the roles, over TCP with its password."""
        files = {"jcan_app": "jcan_database_password", "temporal": "temporal_database_password"}
        password = self.secret(files.get(role, f"{role}_password"))
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.ports['postgres']}/{name}"

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser of the plainest kind, which knows the proxy's certificate."""
        trusted = ssl.create_default_context(cafile=self.folder / "secrets" / "tls_certificate")
        return httpx.AsyncClient(
            base_url=self.origin,
            verify=trusted,
            headers={"Sec-Fetch-Site": "same-origin", "Accept-Language": "ja"} | headers,
            follow_redirects=True,
            timeout=30,
            trust_env=False,
        )

    async def up(self) -> None:
        """Start everything in the order that `depends_on` asks for."""
        self.start_postgres()
        self._start_temporal()
        await self.is_well("postgres")
        await self.job("database-roles")
        await asyncio.gather(self.job("migrations"), self.job("temporal-namespace"))
        self._start_mailbox()
        for name in ("econtract", "web", "worker"):
            self.start(name)
        await asyncio.gather(*(self.is_well(name) for name in ("econtract", "web", "worker")))
        await self.job("demo")
        self.start_proxy(self._folder("caddy"))
        await self.is_listening(self.ports["proxy"])

    def down(self) -> None:
        """Stop everything, the last one started first."""
        for process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGINT if process is self._running[0] else signal.SIGTERM)
                try:
                    process.wait(_STOPPED_WITHIN)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._running.clear()

    def stopped_cleanly(self) -> bool:
        """Whether the front and the worker went the way they should, when everything was stopped."""
        front = (self.folder / "log" / "web").read_text(encoding="utf-8")
        worker = (self.folder / "log" / "worker").read_text(encoding="utf-8")
        gone = not (self.folder / "tmp" / "worker" / "worker.ready").exists()
        return "Application shutdown complete" in front and gone and "Traceback" not in front + worker

    async def job(self, name: str) -> str:
        """Run a service to its end, which has to be a good one, and give what it printed."""
        code, output = await self.run(
            name, [self.here(name, word) for word in self.file.services[name].command]
        )
        assert code == 0, f"{name}: {output}"
        return output

    async def is_well(self, name: str) -> None:
        """Wait until a service's health check succeeds."""

        async def well() -> bool:
            return await self.health(name) == 0

        # Each look is a process, and there are other things to do.
        await until(well, f"{name} is well: {self._last_words(name)}", _UP_WITHIN, every=1)

    async def health(self, name: str, **instead: str) -> int:
        """Run a service's health check once, some places put instead of others, and give its exit code."""
        check = self.file.services[name].healthcheck
        assert check is not None
        code, _output = await self.run(name, [self.here(name, word, **instead) for word in check.test[1:]])
        return code

    async def is_listening(self, port: int) -> None:
        """Wait until somebody listens on a port."""

        async def answers() -> bool:
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.close()
                return True
            return False

        await until(answers, f"somebody listens on port {port}", _UP_WITHIN)

    def start(self, name: str, **instead: str) -> None:
        """Start a service that runs until it is stopped."""
        service = self.file.services[name]
        command = [self.here(name, word, **instead) for word in service.command]
        self._spawn(name, command, self._environment(name, service))

    def start_postgres(self) -> None:
        """Start a server as the service's command asks, with passwords over TCP as its image sets up."""
        cluster = prepare(self.folder / "cluster", durable=False)
        self._socket = str(cluster.socket)
        command = self.file.services["postgres"].command
        (cluster.data / "pg_hba.conf").write_text("local all all trust\nhost all all all scram-sha-256\n")
        places = [
            *cluster.command[1:],
            "-c",
            f"listen_addresses={LOOPBACK}",
            "-p",
            str(self.ports["postgres"]),
        ]
        assert command[0] == "postgres"
        self._spawn("postgres", [cluster.command[0], *places, *command[1:]], {"LC_ALL": "C"}, cluster)
        _make_superuser(cluster, self.ports["postgres"], self.secret("postgres_password"))

    def start_proxy(self, folder: Path, **instead: str) -> None:
        """Start the proxy with its configuration in a folder."""
        for file in (ROOT / "deploy").rglob("*"):
            if file.is_file() and file.suffix != ".sql":
                copy = folder / file.relative_to(ROOT / "deploy")
                copy.parent.mkdir(exist_ok=True, parents=True)
                copy.write_text(
                    self.here("proxy", file.read_text(encoding="utf-8"), **instead), encoding="utf-8"
                )
        self.start("proxy", **instead, **{"/etc/caddy": str(folder)})

    async def run(self, name: str, command: Sequence[str]) -> tuple[int, str]:
        """Run a command of this machine as if it were a service's; give its exit code and what it printed."""
        service = self.file.services[name]
        process = await asyncio.create_subprocess_exec(
            *command,
            env=self._environment(name, service),
            cwd=self.tree,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _none = await process.communicate()
        return process.returncode or 0, output.decode("utf-8", "replace")

    async def typed(self, line: str, folder: Path, **environment: str) -> str:
        """Do what a line of docs/operations.md does when it is typed in a folder, and give what it prints."""
        asked = typed(line, folder)
        if asked.verb == "up":
            assert asked.service == "postgres"
            self.start_postgres()
            await self.is_well("postgres")
            return ""
        if not asked.command:
            return await self.job(asked.service)
        given = dict(variable.partition("=")[::2] for variable in asked.variables)
        own = {name: self.here(asked.service, value) or environment[name] for name, value in given.items()}
        process = await asyncio.create_subprocess_exec(
            *(self.here(asked.service, word, **asked.mounts) for word in asked.command),
            env=self._environment(asked.service, self.file.services[asked.service]) | own,
            cwd=self.tree,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(asked.reads.read_bytes() if asked.reads else b"")
        assert process.returncode == 0, f"{line}: {errors.decode('utf-8', 'replace')}"
        if asked.writes:
            asked.writes.write_bytes(output)
        return output.decode("utf-8", "replace")

    def here(self, name: str, text: str, **instead: str) -> str:
        """Put this machine's addresses, ports and folders in the place of a container's."""
        places = self._places(name) | instead
        known = sorted(places, key=len, reverse=True)
        pattern = "|".join(rf"(?<![\w.]){re.escape(place)}(?![\w.])" for place in known)
        return re.sub(pattern, lambda found: places[found[0]], text)

    def _variables(self) -> dict[str, str]:
        """What is set instead of what .env.demo sets."""
        return {
            "JCAN_WEB_ORIGIN": self.origin,
            "JCAN_SMTP_HOST": LOOPBACK,
            "JCAN_SMTP_PORT": str(self.ports["smtp"]),
            "JCAN_FRONT_NETWORK": f"{LOOPBACK}/32",
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "JCAN_ISSUANCE_DELAY": "PT1S",
        }

    def _places(self, name: str) -> dict[str, str]:
        ports = {port: str(number) for port, number in self.ports.items()}
        return {
            "0.0.0.0": LOOPBACK,  # noqa: S104 - it is not listened on here
            "postgres:5432": f"{LOOPBACK}:{ports['postgres']}",
            "5432": ports["postgres"],
            "temporal:7233": f"{LOOPBACK}:{ports['temporal']}",
            "temporal-ui:8080": f"{LOOPBACK}:{ports['ui']}",
            f"{LOOPBACK}:8080": f"{LOOPBACK}:{ports['proxy_health']}",
            "web:8000": f"{LOOPBACK}:{ports['web']}",
            "8000": ports["web"],
            "econtract:8100": f"{LOOPBACK}:{ports['econtract']}",
            "8100": ports["econtract"],
            "mailpit:8025": f"{LOOPBACK}:{ports['mailbox']}",
            "8443": ports["proxy"],
            "9464": ports.get(f"{name}_metrics", ""),
            "/run/secrets": str(self._granted(name)),
            "/tmp": str(self._folder("tmp", name)),  # noqa: S108 - it is replaced
            "/var/lib/jcan": str(self._folder("var")),
            "/deploy": str(ROOT / "deploy"),
        }

    def _environment(self, name: str, service: Service) -> dict[str, str]:
        own = {variable: self.here(name, value) for variable, value in service.environment.items()}
        home = str(self._folder("tmp", name))
        around = {
            "PATH": self._path(),
            "HOME": home,
            "LANG": "C.UTF-8",
            "XDG_DATA_HOME": home,
            "XDG_CONFIG_HOME": home,
        }
        if name == "postgres":
            # Its programs would find the socket in the container without being told.
            around |= {"PGHOST": self._socket, "PGPORT": str(self.ports["postgres"])}
        if service.is_ours:
            around["JCAN_SECRETS_DIR"] = str(self._granted(name))
        if name == "web":
            own["JCAN_CAPTCHA_ANSWER"] = CAPTCHA_ANSWER
        return around | own

    def _path(self) -> str:
        programs = [sysconfig.get_path("scripts"), str(programs_in_wheel() / "bin"), os.defpath]
        caddy = shutil.which("caddy")
        return os.pathsep.join(
            [str(self._folder("bin")), *programs, *([str(Path(caddy).parent)] if caddy else [])]
        )

    def _granted(self, name: str) -> Path:
        """A folder of the secrets that a service is given, under the names that it is given them."""
        folder = self._folder("granted", name)
        for secret in self.file.services[name].secrets:
            link = folder / secret.target
            if not link.exists():
                link.hardlink_to(self.folder / "secrets" / secret.source)
        return folder

    def _folder(self, *names: str) -> Path:
        folder = self.folder.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _start_temporal(self) -> None:
        """Start the development server, its UI as the service of the UI is told."""
        ui = self.file.services["temporal-ui"].environment
        command = ["temporal", "server", "start-dev", "--ip", LOOPBACK, "--log-level", "error"]
        command += ["--port", str(self.ports["temporal"]), "--ui-port", str(self.ports["ui"])]
        command += ["--ui-public-path", ui["TEMPORAL_UI_PUBLIC_PATH"]]
        command += ["--ui-codec-endpoint", ui["TEMPORAL_CODEC_ENDPOINT"]]
        self._spawn("temporal", command, {"PATH": self._path(), "HOME": str(self._folder("tmp", "temporal"))})

    def _start_mailbox(self) -> None:
        """Start the mail catcher of `make run` in Mailpit's place."""
        own = {"PATH": self._path(), "JCAN_RUN_DIR": str(self._folder("mail"))}
        own |= {"JCAN_MAILBOX_PORT": str(self.ports["mailbox"]), "JCAN_SMTP_PORT": str(self.ports["smtp"])}
        self._spawn("mailpit", ["python", "-m", "devstack.mailbox"], own)

    def _spawn(
        self, name: str, command: list[str], environment: dict[str, str], cluster: Cluster | None = None
    ) -> None:
        account = None if cluster is None else cluster.account
        with (self._folder("log") / name).open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd="/" if cluster else self.tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
                preexec_fn=leash(STOP_SIGNAL if cluster else signal.SIGKILL),  # noqa: PLW1509
            )
        self._running.append(process)

    def _last_words(self, name: str) -> str:
        log = self.folder / "log" / name
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""


def _make_superuser(cluster: Cluster, port: int, password: str) -> None:
    """Make the superuser that the image makes; the cluster's own has another name."""
    address = f"postgresql://jcan@/postgres?host={cluster.socket}&port={port}"
    for _ in range(200):
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
                made = sql.SQL("CREATE ROLE postgres SUPERUSER LOGIN PASSWORD {}").format(password)
                connection.execute(made)
                return
        except psycopg.OperationalError:
            continue
    raise AssertionError("PostgreSQL does not start")
