"""The e-contract stand-in: its four calls, its page, and what is left after a kill."""

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from authorities.connector import CertificateRequest, serial_text
from authorities.local import POLICY, pointers
from authorities.local_keys import CaKeys, load_or_create
from authorities.profile import Issuer, certificate_contents, new_serial
from authorities.signing import sign, under_throwaway_key
from devstack.econtract.app import Service, create_app
from tests.certification import TARO, key_in, make_csr

KEY = "econtract-key"
OWNER = {"reference": "0123456789ABC", "email": "taro@example.jp", "name": "髙橋 太郎", "key": "EC-P256"}


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    return start(tmp_path)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> CaKeys:
    return load_or_create(tmp_path_factory.mktemp("econtract") / "ca")


def service(folder: Path) -> Service:
    """What the stand-in shares with a registration authority that is not there."""
    return Service(folder / "econtract", KEY, b"k" * 32, "http://127.0.0.1:8000", {"leopalace": "api-key"})


def start(folder: Path) -> httpx.AsyncClient:
    """Start the stand-in over a folder, as a new process would."""
    app = create_app(service(folder))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://127.0.0.1:8100",
        headers={"Authorization": f"Bearer {KEY}"},
    )


def issue(keys: CaKeys, csr: str) -> dict[str, str | list[str]]:
    issuer = Issuer(
        keys.issuing.subject, keys.issuing_key.public_key(), POLICY, pointers("http://127.0.0.1:8000")
    )
    request = CertificateRequest("ORDER-1", TARO, key_in(csr), 2)
    contents = certificate_contents(request, issuer, new_serial(), datetime.now(UTC))
    certificate = sign(under_throwaway_key(contents).tbs_certificate_bytes, keys.issuing_key)
    return {"certificate": pem(certificate), "chain": [pem(keys.issuing), pem(keys.root)]}


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def serial(body: dict[str, str | list[str]]) -> str:
    return serial_text(x509.load_pem_x509_certificate(str(body["certificate"]).encode()).serial_number)


async def create(client: httpx.AsyncClient, **changes: str) -> dict[str, str]:
    answer = await client.post("/credentials", json={**OWNER, **changes})
    assert answer.status_code == 200
    made: dict[str, str] = answer.json()
    return made


async def install(
    client: httpx.AsyncClient, credential_id: str, body: dict[str, str | list[str]]
) -> httpx.Response:
    return await client.put(f"/credentials/{credential_id}/certificate", json=body)


async def remove(
    client: httpx.AsyncClient, credential_id: str, serial_: str, reason: str = "superseded"
) -> httpx.Response:
    body = {"serial": serial_, "reason": reason}
    return await client.request("DELETE", f"/credentials/{credential_id}/certificate", json=body)


async def test_a_credential_is_a_p256_key_with_a_signed_request(client: httpx.AsyncClient) -> None:
    made = await create(client)
    request = x509.load_pem_x509_csr(made["csr"].encode())
    assert request.is_signature_valid
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


async def test_the_same_reference_gives_the_same_credential_also_after_a_restart(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert await create(client) == await create(client) == await create(start(tmp_path))


async def test_other_data_for_a_reference_are_a_conflict(client: httpx.AsyncClient) -> None:
    await create(client)
    answer = await client.post("/credentials", json={**OWNER, "email": "jiro@example.jp"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"


async def test_other_references_have_other_keys(client: httpx.AsyncClient) -> None:
    first, second = await create(client), await create(client, reference="0123456789ABD")
    assert key_in(first["csr"]) != key_in(second["csr"])


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/credentials"),
        ("PUT", "/credentials/x/certificate"),
        ("DELETE", "/credentials/x/certificate"),
        ("DELETE", "/credentials/x"),
    ],
)
async def test_without_the_key_nothing_is_done(
    client: httpx.AsyncClient, headers: dict[str, str], method: str, path: str
) -> None:
    answer = await client.request(method, path, json=OWNER, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("changes", [{"key": "RSA-2048"}, {"email": ""}, {"reference": None}, {"more": "x"}])
async def test_wrong_data_are_named_and_not_repeated(
    client: httpx.AsyncClient, changes: dict[str, str | None]
) -> None:
    answer = await client.post("/credentials", json={**OWNER, **changes})
    assert answer.status_code == 422
    assert next(iter(changes)) in answer.json()["detail"]
    assert "RSA-2048" not in answer.text


async def test_a_certificate_is_installed_once_however_often_it_comes(
    client: httpx.AsyncClient, keys: CaKeys, tmp_path: Path
) -> None:
    made = await create(client)
    body = issue(keys, made["csr"])
    assert [(await install(client, made["credential_id"], body)).status_code for _ in range(2)] == [204, 204]
    assert (await install(start(tmp_path), made["credential_id"], body)).status_code == 204
    assert (await client.get("/")).text.count(serial(body) + "</dd>") == 1


async def test_a_second_certificate_is_a_conflict(client: httpx.AsyncClient, keys: CaKeys) -> None:
    made = await create(client)
    await install(client, made["credential_id"], issue(keys, made["csr"]))
    assert (await install(client, made["credential_id"], issue(keys, made["csr"]))).status_code == 409


async def test_a_certificate_for_another_key_does_not_fit(client: httpx.AsyncClient, keys: CaKeys) -> None:
    made = await create(client)
    assert (await install(client, made["credential_id"], issue(keys, make_csr()))).status_code == 422


async def test_a_chain_that_does_not_lead_up_does_not_fit(client: httpx.AsyncClient, keys: CaKeys) -> None:
    made = await create(client)
    body = issue(keys, made["csr"])
    assert (
        await install(client, made["credential_id"], {**body, "chain": [pem(keys.root)]})
    ).status_code == 422
    assert (await install(client, made["credential_id"], {**body, "certificate": "x"})).status_code == 422


async def test_an_unknown_credential_takes_no_certificate(client: httpx.AsyncClient, keys: CaKeys) -> None:
    assert (await install(client, "unknown", issue(keys, make_csr()))).status_code == 404


async def test_a_removed_certificate_stays_removed(client: httpx.AsyncClient, keys: CaKeys) -> None:
    made = await create(client)
    body = issue(keys, made["csr"])
    await install(client, made["credential_id"], body)
    for reason in ("keyCompromise", "superseded"):
        assert (await remove(client, made["credential_id"], serial(body).upper(), reason)).status_code == 204
    assert (await install(client, made["credential_id"], body)).status_code == 409
    assert "秘密鍵の危殆化" in (await client.get("/")).text


async def test_a_certificate_removed_before_it_came_is_not_installed(
    client: httpx.AsyncClient, keys: CaKeys
) -> None:
    made = await create(client)
    body = issue(keys, made["csr"])
    assert (await remove(client, made["credential_id"], serial(body))).status_code == 204
    assert (await install(client, made["credential_id"], body)).status_code == 409


async def test_a_deleted_credential_is_gone_with_its_key(client: httpx.AsyncClient, tmp_path: Path) -> None:
    made = await create(client)
    for _ in range(2):
        assert (await client.delete(f"/credentials/{made['credential_id']}")).status_code == 204
    assert (await client.delete("/credentials/unknown")).status_code == 204
    assert OWNER["name"] not in (await client.get("/")).text
    with contextlib.closing(sqlite3.connect(tmp_path / "econtract" / "credentials.sqlite3")) as database:
        assert database.execute("SELECT private_key, email, name FROM credentials").fetchall() == [
            (None, "", "")
        ]
    assert (await create(client))["csr"] != made["csr"]


async def test_a_credential_with_a_certificate_is_not_deleted(
    client: httpx.AsyncClient, keys: CaKeys
) -> None:
    made = await create(client)
    await install(client, made["credential_id"], issue(keys, made["csr"]))
    assert (await client.delete(f"/credentials/{made['credential_id']}")).status_code == 409


async def test_the_page_shows_what_is_installed_in_both_languages(
    client: httpx.AsyncClient, keys: CaKeys
) -> None:
    made = await create(client)
    assert "証明書の発行を待っています" in (await client.get("/")).text
    body = issue(keys, made["csr"])
    await install(client, made["credential_id"], body)
    japanese, english = (await client.get("/")).text, (await client.get("/?lang=en")).text
    assert "登録された電子証明書" in japanese
    assert "Installed certificates" in english
    assert "Installed certificates" in (await client.get("/")).text, "the choice is remembered"
    for page in (japanese, english):
        assert "髙橋 太郎" in page
        assert "0123-4567-89AB-C" in page
        assert "CN=Taro Takahashi" in page
        assert "CN=JCAN Local Issuing CA" in page
        assert serial(body) in page
        assert "PRIVATE KEY" not in page


async def test_the_certificate_can_be_downloaded_alone_and_with_its_chain(
    client: httpx.AsyncClient, keys: CaKeys
) -> None:
    made = await create(client)
    body = issue(keys, made["csr"])
    await install(client, made["credential_id"], body)
    url = f"/certificates/{made['credential_id']}/{serial(body)}"
    assert (await client.get(f"{url}.pem")).text == body["certificate"]
    assert (await client.get(f"{url}/chain.pem")).text == str(body["certificate"]) + "".join(body["chain"])
    assert (await client.get(f"/certificates/{made['credential_id']}/0f.pem")).status_code == 404


async def test_names_are_text_on_the_page(client: httpx.AsyncClient) -> None:
    await create(client, name="<script>alert(1)</script>")
    assert "<script>" not in (await client.get("/")).text


async def test_another_host_name_reads_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 400


async def test_it_is_alive(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).text == "ok"
