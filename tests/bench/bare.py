"""What a page is measured beside: a FastAPI page that answers with the same bytes and does nothing else.

`python -m tests.bench.bare PORT` serves what its standard input has (see `Bare`), as the web front is.
"""

import sys

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from devstack.ports import LOOPBACK
from web.__main__ import PATIENCE_SECONDS


class Bare(BaseModel):
    """The pages to answer with: each one's content type, and its text."""

    pages: list[tuple[str, str]]


def make_app(bare: Bare) -> FastAPI:
    """Give the application: page number n is at `/n`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    bodies = [(content_type, text.encode()) for content_type, text in bare.pages]

    @app.get("/{number}")
    async def page(number: int) -> Response:
        content_type, body = bodies[number]
        return Response(body, headers={"content-type": content_type})

    return app


def main(port: int) -> None:
    """Serve until killed."""
    uvicorn.run(
        make_app(Bare.model_validate_json(sys.stdin.read())),
        host=LOOPBACK,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=LOOPBACK,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
