"""What an enrolment asks of the e-contract service: against the stand-in, and against one that misbehaves."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.econtract import (
    CreateCredential,
    Credential,
    DeleteCredential,
    EContract,
    InstallCertificate,
    RemoveCertificate,
)
from authorities.connector import serial_text
from authorities.local_keys import load_or_create
from devstack.econtract.app import Service, create_app
from domain.revocation import RevocationReason
from settings import Settings
from tests.certification import TARO, make_csr
from tests.scripted_authority import ScriptedAuthority

TARO_ASKS = CreateCredential(reference="0123456789ABC", email=TARO.email, name="髙橋 太郎")


class Flaky(httpx.AsyncBaseTransport):
    """Carries calls to the stand-in; `lost` answers never arrive, after the call has had its effect."""

    def __init__(self, to: httpx.AsyncBaseTransport) -> None:
        self.to = to
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.to.handle_async_request(request)
        if self.lost:
            self.lost -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return response


@pytest.fixture
def wire(tmp_path: Path) -> Flaky:
    service = Service(tmp_path / "econtract", "econtract-key", b"k" * 32, "http://127.0.0.1:8000", {})
    return Flaky(httpx.ASGITransport(create_app(service)))


@pytest.fixture
def service(settings: Settings, wire: Flaky) -> EContract:
    return EContract(settings, wire)


@pytest.fixture
def ca(tmp_path: Path) -> ScriptedAuthority:
    return ScriptedAuthority(load_or_create(tmp_path / "scripted-ca"))


def answering(settings: Settings, answer: Callable[[httpx.Request], httpx.Response]) -> EContract:
    return EContract(settings, httpx.MockTransport(answer))


def installation(ca: ScriptedAuthority, credential: Credential) -> tuple[InstallCertificate, str]:
    issued = ca.issue(credential.csr, not_before=datetime.now(UTC))
    chain = [above.public_bytes(Encoding.PEM).decode() for above in issued.chain]
    certificate = issued.certificate.public_bytes(Encoding.PEM).decode()
    install = InstallCertificate(credential_id=credential.credential_id, certificate=certificate, chain=chain)
    return install, serial_text(issued.certificate.serial_number)


async def test_the_life_of_a_credential_with_every_step_twice(
    service: EContract, ca: ScriptedAuthority
) -> None:
    run = ActivityEnvironment().run
    credential = await run(service.create_credential, TARO_ASKS)
    assert credential.problem is None
    assert await run(service.create_credential, TARO_ASKS) == credential
    install, serial = installation(ca, credential)
    for _ in range(2):
        assert (await run(service.install_certificate, install)).problem is None
    remove = RemoveCertificate(
        credential_id=credential.credential_id, serial=serial, reason=RevocationReason.KEY_COMPROMISE
    )
    for _ in range(2):
        await run(service.remove_certificate, remove)
        await run(service.delete_credential, DeleteCredential(credential_id=credential.credential_id))


async def test_a_call_whose_answer_was_lost_has_the_same_result_when_repeated(
    service: EContract, ca: ScriptedAuthority, wire: Flaky
) -> None:
    wire.lost = 1
    with pytest.raises(ApplicationError) as lost:
        await service.create_credential(TARO_ASKS)
    assert (lost.value.type, lost.value.non_retryable) == ("EContractUnavailable", False)
    credential = await service.create_credential(TARO_ASKS)
    install, _ = installation(ca, credential)
    wire.lost = 1
    with pytest.raises(ApplicationError):
        await service.install_certificate(install)
    assert (await service.install_certificate(install)).problem is None
    assert await service.create_credential(TARO_ASKS) == credential


async def test_other_data_for_the_reference_are_an_answer(service: EContract) -> None:
    await service.create_credential(TARO_ASKS)
    other = TARO_ASKS.model_copy(update={"name": "別人"})
    assert (await service.create_credential(other)).problem == "conflict"


async def test_a_certificate_that_does_not_fit_is_an_answer(
    service: EContract, ca: ScriptedAuthority
) -> None:
    credential = await service.create_credential(TARO_ASKS)
    wrong, _ = installation(ca, credential.model_copy(update={"csr": make_csr()}))
    assert (await service.install_certificate(wrong)).problem == "data_refused"
    right, _ = installation(ca, credential)
    second, _ = installation(ca, credential)
    assert (await service.install_certificate(right)).problem is None
    assert (await service.install_certificate(second)).problem == "conflict"
    unknown = right.model_copy(update={"credential_id": "../x"})
    assert (await service.install_certificate(unknown)).problem == "credential_unknown"


async def test_what_is_not_there_is_gone(service: EContract) -> None:
    await service.delete_credential(DeleteCredential(credential_id="unknown"))
    await service.remove_certificate(
        RemoveCertificate(credential_id="unknown", serial="0f", reason=RevocationReason.UNSPECIFIED)
    )


@pytest.mark.parametrize("status", [302, 404, 408, 429, 500, 503])
async def test_a_service_in_trouble_is_asked_again(settings: Settings, status: int) -> None:
    service = answering(settings, lambda _: httpx.Response(status, text=TARO.email))
    with pytest.raises(ApplicationError) as trouble:
        await service.create_credential(TARO_ASKS)
    assert (trouble.value.type, trouble.value.non_retryable) == ("EContractUnavailable", False)
    assert TARO.email not in str(trouble.value)


@pytest.mark.parametrize("body", ["", "[]", '{"credential_id": "", "csr": "taro@example.jp"}'])
async def test_an_answer_that_cannot_be_read_is_asked_for_again(settings: Settings, body: str) -> None:
    service = answering(settings, lambda _: httpx.Response(200, text=body))
    with pytest.raises(ApplicationError, match="cannot be read") as unreadable:
        await service.create_credential(TARO_ASKS)
    assert not unreadable.value.non_retryable
    assert TARO.email not in str(unreadable.value)


async def test_a_service_that_is_down_is_asked_again_and_nobody_is_named(settings: Settings) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(TARO.email, request=request)

    with pytest.raises(ApplicationError, match="does not answer") as unreachable:
        await answering(settings, down).create_credential(TARO_ASKS)
    assert TARO.email not in str(unreachable.value)
    assert unreachable.value.__cause__ is None
    assert not unreachable.value.non_retryable


@pytest.mark.parametrize("status", [401, 403])
async def test_a_service_that_does_not_know_our_key_is_asked_again(settings: Settings, status: int) -> None:
    service = answering(settings, lambda _: httpx.Response(status))
    with pytest.raises(ApplicationError, match="does not accept our key") as refused:
        await service.delete_credential(DeleteCredential(credential_id="x"))
    assert (refused.value.type, refused.value.non_retryable) == ("EContractKeyRefused", False)
