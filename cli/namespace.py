"""`jcan namespace`: the namespace in Temporal that everything happens in."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from temporalio.service import RPCError

from cli import beside
from cli.office import refuse
from engine import namespace
from engine.temporal_settings import load_temporal_settings
from engine.unavailable import EngineUnavailable

app = typer.Typer(no_args_is_help=True, help="The namespace in Temporal.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `prepare` a command of its own though it is the only one."""


@app.command()
def prepare(
    days: Annotated[
        int, typer.Option("--retention-days", min=1, help="How long a new one keeps runs that have closed.")
    ] = 30,
) -> None:
    """Make the namespace of TEMPORAL_NAMESPACE and its search attributes, unless they are there.

    Nothing but Temporal's settings is needed. Done again it changes nothing.
    """
    beside.adopt()
    temporal = load_temporal_settings()

    async def make() -> list[str]:
        client = await temporal.connect()
        return await namespace.prepare(client, timedelta(days=days))

    try:
        made = asyncio.run(make())
    except RuntimeError:
        raise EngineUnavailable from None
    except (RPCError, TimeoutError) as error:
        why = error.status.name if isinstance(error, RPCError) else "it does not know the new namespace yet"
        raise refuse(f"Temporal does not make {temporal.namespace} ready: {why}.") from None
    typer.echo("\n".join(f"{each}: new" for each in made) or f"{temporal.namespace}: everything is there.")
