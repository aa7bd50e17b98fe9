"""The operators' console of a running stack, by HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.running.stack import Stack


@asynccontextmanager
async def console(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of the plainest kind in which the stack's operator is signed in."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "ja"}
    async with httpx.AsyncClient(
        base_url=stack.web, headers=headers, follow_redirects=True, timeout=30, trust_env=False
    ) as client:
        answer = await client.post("/console/sign-in", data=dict(stack.ready["operator"]))
        assert answer.is_success, answer.text
        yield client
