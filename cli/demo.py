"""Demo tickets, API keys and a demo operator for a stack that is tried out."""

import json
import uuid
from datetime import timedelta
from typing import Annotated

import typer

from cli.office import Office, refuse, run
from cli.secret_files import demo_key
from records import api_keys, audit, operators, ticket_orders
from records import tickets as records
from records.demo_accounts import DEMO, DEMO_DOMAIN
from records.operators import Operator, Role
from records.tickets import Organisation, today_in_japan
from settings import environment_with_secrets
from tenants import load_tenants

SAMPLE = Organisation(
    corporate_number="9999999999999", company_name="株式会社サンプル", company_name_latin="Sample Corporation"
)
GOOD_FOR = timedelta(days=365)


def tickets(at_least: Annotated[int, typer.Option(min=1)] = 24) -> None:
    """Order what is missing for `at-least` free tickets per company code; prints all free ones as JSON."""

    async def provide(office: Office) -> dict[str, list[str]]:
        if office.settings.profile != "demo":
            raise refuse("Demo tickets are for the demo profile only.")
        return {
            tenant.company_code: await _free(office, tenant.company_code, at_least)
            for tenant in load_tenants().values()
        }

    typer.echo(json.dumps(run(provide)))


def operator() -> None:
    """Add the operator of JCAN_DEMO_OPERATOR_USERNAME and JCAN_DEMO_OPERATOR_PASSWORD, an administrator."""
    environment = environment_with_secrets()
    username = environment.get("JCAN_DEMO_OPERATOR_USERNAME")
    password = environment.get("JCAN_DEMO_OPERATOR_PASSWORD")
    if not (username and password):
        raise refuse("JCAN_DEMO_OPERATOR_USERNAME and JCAN_DEMO_OPERATOR_PASSWORD are not set.")
    newcomer = Operator(username, f"{username}@{DEMO_DOMAIN}", Role.ADMINISTRATOR, None)

    async def provide(office: Office) -> None:
        if office.settings.profile != "demo":
            raise refuse("The demo operator is for the demo profile only.")
        async with office.database.begin() as session:
            if await operators.add(session, newcomer, password):
                facts = {"username": username, "role": newcomer.role.value}
                await audit.add(session, audit.entry_now(DEMO, "operator_added", **facts))

    run(provide)


def keys() -> None:
    """Keep the digests of the keys in JCAN_DEMO_API_KEY_<TENANT>, those that are not kept yet."""
    variables = {tenant: demo_key(tenant) for tenant in load_tenants()}
    environment = environment_with_secrets()
    given = {tenant: environment[name] for tenant, name in variables.items() if environment.get(name)}

    async def provide(office: Office) -> None:
        if office.settings.profile != "demo":
            raise refuse("Demo keys are for the demo profile only.")
        async with office.database.begin() as session:
            for tenant, key in given.items():
                await api_keys.create(session, office.settings.digest_key, tenant, DEMO, key, DEMO)

    run(provide)


def everything() -> None:
    """Provide all three: the operator, the keys, the tickets."""
    operator()
    keys()
    tickets()


async def _free(office: Office, company_code: str, at_least: int) -> list[str]:
    today = today_in_japan()
    async with office.database.begin() as session:
        rows = await records.list_tickets(session, company_code)
        free = [row.number for row in rows if row.state(today) == "free"]
        missing = at_least - len(free)
        if missing > 0:
            last_day = today + GOOD_FOR
            free += await ticket_orders.place(
                session, DEMO, company_code, SAMPLE, missing, last_day, uuid.uuid4()
            )
    return free
