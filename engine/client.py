"""Our connection to Temporal."""

import asyncio

from temporalio.client import Client

from engine.codec import data_converter
from engine.namespace import lacking
from engine.temporal_settings import TemporalSettings
from records.database import Database
from records.missing import Missing
from records.vault import Vault


class Connection:
    """The way to Temporal; a process can start while Temporal is away."""

    def __init__(self, temporal: TemporalSettings, vault: Vault, database: Database) -> None:
        """Take where Temporal is, and the vault by which payloads are sealed."""
        self._temporal = temporal
        self._converter = data_converter(vault, database)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> Client:
        """Give a client that connects at its first call."""
        async with self._connecting:
            if self._client is None:
                self._client = await self._temporal.connect(self._converter, lazy=True)
        return self._client

    async def connected(self) -> Client:
        """Give a client that is connected, as a worker needs it. Raises RuntimeError while that cannot be."""
        return await self._temporal.connect(self._converter)

    async def missing(self) -> Missing | None:
        """Say what Temporal lacks for us to work there; itself, while it cannot be reached."""
        return await lacking(await self.client())
