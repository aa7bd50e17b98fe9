"""What an enrolment asks of the e-contract service, where the private key lives.

Each call is idempotent on their side (by reference, by credential, by serial number), so each activity may
be run any number of times. A service that is away, or that does not accept our key, is an ApplicationError,
which Temporal retries; data that it will never accept come back as an answer with a `problem`.
"""

from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.revocation import RevocationReason
from settings import Settings

TIMEOUT_SECONDS = 20.0
KEY_KIND = "EC-P256"

_FOR_GOOD: dict[int, str] = {
    httpx.codes.BAD_REQUEST: "data_refused",
    httpx.codes.UNPROCESSABLE_ENTITY: "data_refused",
    httpx.codes.CONFLICT: "conflict",
}
"""What an answer means that no repetition changes."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class CreateCredential(_Message):
    """For whom the service is to make a key: our reference, the subscriber's address and name."""

    reference: str
    email: str
    name: str


class Credential(_Message):
    """The service's name for the key, and the certification request (PEM) signed with it.

    With a `problem` (`data_refused`, `conflict`) there is neither, and both are empty.
    """

    credential_id: str = ""
    csr: str = ""
    problem: str | None = None


class InstallCertificate(_Message):
    """A certificate (PEM) for a credential, and the CA certificates above it (PEM), its issuer first."""

    credential_id: str
    certificate: str
    chain: list[str]


class Installed(_Message):
    """The certificate is in place; or a `problem`: `data_refused`, `conflict`, `credential_unknown`."""

    problem: str | None = None


class RemoveCertificate(_Message):
    """Which certificate of which credential, and why."""

    credential_id: str
    serial: str
    reason: RevocationReason


class DeleteCredential(_Message):
    """Which credential."""

    credential_id: str


class _Created(BaseModel):
    credential_id: str = Field(min_length=1, max_length=200)
    csr: str = Field(min_length=1, max_length=20_000)


class EContract:
    """The activities around the e-contract service."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take the service's URL and key; `transport` carries the calls, HTTP if not given."""
        self._base = settings.econtract_url
        self._key = settings.econtract_key
        # One client, for making one costs more than a call; no connection is kept, for the service may close
        # it in the moment in which the next call goes out.
        self._client = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @activity.defn(name="create_credential")
    async def create_credential(self, create: CreateCredential) -> Credential:
        """Have a key made, or get the one made before for this reference."""
        body = {**create.model_dump(), "key": KEY_KIND}
        answer = await self._call("POST", "/credentials", body)
        problem = _FOR_GOOD.get(answer.status_code)
        if problem is not None:
            return Credential(problem=problem)
        _must_be_success(answer)
        try:
            created = _Created.model_validate_json(answer.content)
        except ValidationError:
            raise _unusable("the e-contract service's answer cannot be read") from None
        return Credential(credential_id=created.credential_id, csr=created.csr)

    @activity.defn(name="install_certificate")
    async def install_certificate(self, install: InstallCertificate) -> Installed:
        """Put the certificate into the service."""
        body = {"certificate": install.certificate, "chain": install.chain}
        answer = await self._call("PUT", f"{_path(install.credential_id)}/certificate", body)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Installed(problem="credential_unknown")
        problem = _FOR_GOOD.get(answer.status_code)
        if problem is None:
            _must_be_success(answer)
        return Installed(problem=problem)

    @activity.defn(name="remove_certificate")
    async def remove_certificate(self, remove: RemoveCertificate) -> None:
        """Take a revoked certificate out of the service; one that is not there is removed."""
        body = {"serial": remove.serial, "reason": remove.reason.value}
        answer = await self._call("DELETE", f"{_path(remove.credential_id)}/certificate", body)
        _must_be_gone(answer)

    @activity.defn(name="delete_credential")
    async def delete_credential(self, delete: DeleteCredential) -> None:
        """Have a key destroyed that no certificate will ever be issued for; one that is not there is gone."""
        _must_be_gone(await self._call("DELETE", _path(delete.credential_id)))

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        try:
            return await self._client.request(method, f"{self._base}{path}", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise _unusable(f"the e-contract service does not answer ({type(error).__name__})") from None


def _path(credential_id: str) -> str:
    return f"/credentials/{quote(credential_id, safe='')}"


def _must_be_gone(answer: httpx.Response) -> None:
    if answer.status_code not in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
        _must_be_success(answer)


def _must_be_success(answer: httpx.Response) -> None:
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise ApplicationError("the e-contract service does not accept our key", type="EContractKeyRefused")
    if not answer.is_success:
        raise _unusable(f"the e-contract service answers {answer.status_code}")


def _unusable(sentence: str) -> ApplicationError:
    return ApplicationError(sentence, type="EContractUnavailable")
