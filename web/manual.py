"""マニュアル: the page that explains every step with pictures, and the same on paper.

Pictures and PDFs are made by `make manual`, from the running system; they are static files.
"""

import json
from functools import cache

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

from web.house import house_of
from web.pages import KNOWN_TENANT, STATIC, TenantOfPath, render

router = APIRouter(prefix="/{tenant}", dependencies=[KNOWN_TENANT])

FOLDER = STATIC / "manual"
"""The pictures, their sizes, and a PDF for each tenant."""

_DAY = 86_400  # seconds


@cache
def pictures() -> dict[str, tuple[int, int]]:
    """Each picture's width and height in CSS pixels, by its name."""
    sizes: dict[str, tuple[int, int]] = json.loads((FOLDER / "pictures.json").read_text(encoding="utf-8"))
    return sizes


@router.get("/manual")
async def show(request: Request, tenant: TenantOfPath) -> Response:
    """The manual as a page; it is in Japanese in every language."""
    settings = house_of(request).settings
    paper = FOLDER / f"{tenant.name}.pdf"
    response = render(
        request,
        "manual/page.html",
        pictures=pictures(),
        origin=settings.web_origin,
        link_ttl=settings.link_ttl,
        application_ttl=settings.application_ttl,
        approval_ttl=settings.approval_ttl,
        pdf_bytes=paper.stat().st_size if paper.exists() else None,
    )
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


@router.get("/manual.pdf")
async def download(tenant: TenantOfPath) -> Response:
    """The manual as a file to keep and to print. A tenant whose manual was not made yet has none: 404."""
    paper = FOLDER / f"{tenant.name}.pdf"
    if not paper.exists():
        raise HTTPException(404)
    return FileResponse(
        paper,
        filename=f"jcan-{tenant.name}-manual.pdf",
        media_type="application/pdf",
        headers={"Cache-Control": f"public, max-age={_DAY}"},
    )
