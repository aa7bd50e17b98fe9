"""Encryption of everything personal in Temporal: AES-256-GCM under each enrolment's own data key.

The serialization context names the workflow, so the right key is found for starts, signals, activities,
results, summaries and failures alike. Each payload carries its key's id; decoding needs no context. What an
operator sends by hand comes in plain JSON and passes through.
"""

import dataclasses
from collections.abc import Sequence
from typing import Self

from sqlalchemy import select
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from domain.workflow_ids import is_retention, reference_in, serial_in
from records.database import Database
from records.tables import Certificate
from records.vault import OpenKey, Vault, open_under, seal_under

ENCODING = b"binary/encrypted"
CONTEXT = b"temporal-payload"
OPERATORS = "operators"
"""Under which name the vault keeps the key of what operators send, and of what outlives an enrolment's key.

No enrolment can have that name.
"""


class NoKeyForContext(Exception):
    """A payload was to be encoded for something that belongs to no enrolment."""


class VaultCodec(PayloadCodec, WithSerializationContext):
    """Seals payloads with the data key of the enrolment that they belong to."""

    def __init__(self, vault: Vault, database: Database, workflow_id: str | None = None) -> None:
        """Take the vault, and the database that tells a certificate's enrolment."""
        self._vault = vault
        self._database = database
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> Self:
        """Give a codec for one workflow's payloads."""
        match context:
            case WorkflowSerializationContext() | ActivitySerializationContext():
                return type(self)(self._vault, self._database, context.workflow_id)
            case _:
                return self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal payloads. Raises NoKeyForContext, vault.Erased."""
        key = await self._vault.key_of(await self._reference())
        return [sealed(key, payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open payloads; what is not sealed passes. Raises vault.KeyMissing, vault.Erased, InvalidTag."""
        return [await self._open(payload) for payload in payloads]

    async def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key = await self._vault.key_by_id(payload.metadata["encryption-key-id"].decode())
        return Payload.FromString(open_under(key, payload.data, CONTEXT))

    async def _reference(self) -> str:
        if self._workflow_id is None:
            raise NoKeyForContext
        if is_retention(self._workflow_id):
            return OPERATORS
        reference = reference_in(self._workflow_id)
        serial = serial_in(self._workflow_id)
        if reference is None and serial is not None:
            async with self._database.view() as session:
                query = select(Certificate.reference).where(Certificate.serial == serial)
                reference = await session.scalar(query)
        if reference is None:
            raise NoKeyForContext(self._workflow_id)
        return reference


def sealed(key: OpenKey, payload: Payload) -> Payload:
    """Give a payload sealed under a data key, which it names."""
    return Payload(
        metadata={"encoding": ENCODING, "encryption-key-id": key.key_id.encode()},
        data=seal_under(key, payload.SerializeToString(), CONTEXT),
    )


def data_converter(vault: Vault, database: Database) -> DataConverter:
    """Give the converter that every client and worker uses: pydantic in JSON, sealed, failures too."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=VaultCodec(vault, database),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
