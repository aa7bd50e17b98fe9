"""Demo tickets for a stack that is tried out."""

import json
from datetime import timedelta
from typing import Annotated

import typer

from cli.office import Office, refuse, run
from records import tickets as records
from records.tickets import Organisation, today_in_japan
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


async def _free(office: Office, company_code: str, at_least: int) -> list[str]:
    today = today_in_japan()
    async with office.database.begin() as session:
        rows = await records.list_tickets(session, company_code)
        free = [row.number for row in rows if row.state(today) == "free"]
        missing = at_least - len(free)
        if missing > 0:
            free += await records.order(session, company_code, SAMPLE, missing, today + GOOD_FOR)
    return free
