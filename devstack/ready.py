"""What is said when the stack is up: `ready.json` for scripts, a short text for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from cli.secret_files import demo_key
from devstack.ports import LOOPBACK, Ports
from devstack.run_dir import write_json
from devstack.temporal import NAMESPACE, UI_PATH
from domain.tenant import Tenant

_SHOWN_TICKETS = 2


class Operator(TypedDict):
    """The demo operator's sign-in."""

    username: str
    password: str


class Ready(TypedDict):
    """The content of `ready.json`, which scripts rely on."""

    web: str
    temporal: str
    temporal_ui: str
    namespace: str
    mailbox: str
    econtract: str
    database: str
    tickets: dict[str, list[str]]
    api_keys: dict[str, str]
    operator: Operator
    pids: dict[str, int]


class ReadyFile:
    """`ready.json`: there from the moment that everything answers to the moment that it stops."""

    def __init__(self, path: Path) -> None:
        """Name the file; `write()` makes it."""
        self._path = path
        self._content: Ready | None = None

    def write(
        self,
        ports: Ports,
        database: str,
        tickets: dict[str, list[str]],
        secrets: Mapping[str, str],
        tenants: list[str],
        pids: dict[str, int],
    ) -> Ready:
        """Write the file and return its content."""
        self._content = Ready(
            web=f"http://{LOOPBACK}:{ports.web}",
            temporal=f"{LOOPBACK}:{ports.temporal}",
            temporal_ui=f"http://{LOOPBACK}:{ports.web}{UI_PATH}",
            namespace=NAMESPACE,
            mailbox=f"http://{LOOPBACK}:{ports.mailbox}",
            econtract=f"http://{LOOPBACK}:{ports.econtract}",
            database=database,
            tickets=tickets,
            api_keys={tenant: secrets[demo_key(tenant)] for tenant in tenants},
            operator=Operator(
                username=secrets["JCAN_DEMO_OPERATOR_USERNAME"],
                password=secrets["JCAN_DEMO_OPERATOR_PASSWORD"],
            ),
            pids=pids,
        )
        write_json(self._path, self._content)
        return self._content

    def pids_are(self, pids: Mapping[str, int]) -> None:
        """Put other pids into the file, if it is there."""
        if self._content is not None:
            self._content["pids"] = dict(pids)
            write_json(self._path, self._content)

    def remove(self) -> None:
        """Take the file away for good."""
        self._content = None
        self._path.unlink(missing_ok=True)


def welcome(ready: Ready, tenants: Mapping[str, Tenant], ports: Ports, seconds: float) -> Iterator[str]:
    """Say what is there and what to try, in lines."""
    yield f"\nEverything is up after {seconds:.1f} s.\n"
    for tenant in sorted(tenants.values(), key=lambda tenant: tenant.name, reverse=True):
        yield f"  {tenant.name:<12} {ready['web']}/{tenant.name}/   企業コード {tenant.company_code}"
        for ticket in ready["tickets"].get(tenant.company_code, [])[:_SHOWN_TICKETS]:
            yield f"  {'':<12} チケット番号 {ticket}"
    yield f"  {'Mailbox':<12} {ready['mailbox']}"
    console = f"{ready['web']}/console"
    yield f"  {'Console':<12} {console}   user {ready['operator']['username']}, password in ready.json"
    yield f"  {'Temporal':<12} {ready['temporal_ui']}   same sign-in"
    yield f"  {'E-contract':<12} {ready['econtract']}"
    metrics = [f"http://{LOOPBACK}:{port}/metrics" for port in (ports.web_metrics, ports.worker_metrics)]
    yield f"  {'Metrics':<12} {metrics[0]} (web), {metrics[1]} (worker)"
    yield "\nTo try: open the first address (?lang=en for English), apply as 本人 with a ticket from above"
    yield "and an address such as taro@example.jp, and press the link that arrives in the mailbox."
    yield "Ctrl-C stops everything; the next `make run` carries on where every enrolment stood.\n"
