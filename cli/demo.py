"""What a stack has that is tried out: an operator, API keys, tickets."""

import json
import uuid
from collections.abc import Mapping
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


def demo(at_least: Annotated[int, typer.Option(min=1)] = 24) -> None:
    """Provide an operator, API keys and tickets, as far as they are missing; prints the free tickets as JSON.

    The operator, an administrator, is that of JCAN_DEMO_OPERATOR_USERNAME and JCAN_DEMO_OPERATOR_PASSWORD;
    the keys are those in JCAN_DEMO_API_KEY_<TENANT>; each company code has `at-least` free tickets then.
    """
    environment = environment_with_secrets()

    async def provide(office: Office) -> dict[str, list[str]]:
        if office.settings.profile != "demo":
            raise refuse("An operator, keys and tickets to try out are for the demo profile only.")
        await _add_operator(office, environment)
        await _keep_keys(office, environment)
        return {
            tenant.company_code: await _free(office, tenant.company_code, at_least)
            for tenant in load_tenants().values()
        }

    typer.echo(json.dumps(run(provide)))


async def _add_operator(office: Office, environment: Mapping[str, str]) -> None:
    username = environment.get("JCAN_DEMO_OPERATOR_USERNAME")
    password = environment.get("JCAN_DEMO_OPERATOR_PASSWORD")
    if not (username and password):
        raise refuse("JCAN_DEMO_OPERATOR_USERNAME and JCAN_DEMO_OPERATOR_PASSWORD are not set.")
    newcomer = Operator(username, f"{username}@{DEMO_DOMAIN}", Role.ADMINISTRATOR, None)
    async with office.database.begin() as session:
        if await operators.add(session, newcomer, password):
            facts = {"username": username, "role": newcomer.role.value}
            await audit.add(session, audit.entry_now(DEMO, "operator_added", **facts))


async def _keep_keys(office: Office, environment: Mapping[str, str]) -> None:
    async with office.database.begin() as session:
        for tenant in load_tenants():
            if key := environment.get(demo_key(tenant)):
                await api_keys.create(session, office.settings.digest_key, tenant, DEMO, key, DEMO)


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
