"""What stands under names of our own is never taken for a tenant's page."""

import pytest

from tests.web.conftest import Visitor


@pytest.mark.parametrize("path", ["/console/nothing", "/console/status", "/hooks/manual", "/ca/", "/codec"])
async def test_a_page_that_is_nowhere_among_them_is_none_of_a_tenants(visitor: Visitor, path: str) -> None:
    page = await visitor.get(path)
    assert page.status == 404
    assert "/static/" in page.html


async def test_each_of_them_is_found(visitor: Visitor) -> None:
    assert (await visitor.get("/healthz")).status == 200
    assert "サインイン" in (await visitor.get("/console/sign-in")).text
    assert (await visitor.get("/ca/local/issuing.crl")).status == 200
