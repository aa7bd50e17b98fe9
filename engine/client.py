"""Our connection to Temporal."""

import asyncio

from temporalio.client import Client

from engine.codec import data_converter
from records.database import Database
from records.vault import Vault
from settings import Settings


class Connection:
    """The way to Temporal; a process can start while Temporal is away."""

    def __init__(self, settings: Settings, vault: Vault, database: Database) -> None:
        """Take where Temporal is, and the vault by which payloads are sealed."""
        self._settings = settings
        self._converter = data_converter(vault, database)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> Client:
        """Give a client that connects at its first call."""
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect(lazy=True)
        return self._client

    async def connected(self) -> Client:
        """Give a client that is connected, as a worker needs it. Raises RuntimeError while that cannot be."""
        return await self._connect(lazy=False)

    async def _connect(self, *, lazy: bool) -> Client:
        return await Client.connect(
            self._settings.temporal_address,
            namespace=self._settings.temporal_namespace,
            data_converter=self._converter,
            lazy=lazy,
        )
