"""マニュアル: the page that explains every step with pictures, and the same on paper.

Pictures and PDFs are made by `make manual`, from the running system; they are static files.
"""

import json
from datetime import timedelta
from functools import cache

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from domain.stage import Language
from web import i18n
from web.house import house_of
from web.pages import KNOWN_TENANT, STATIC, TenantOfPath, render_once, see_other

router = APIRouter(prefix="/{tenant}", dependencies=[KNOWN_TENANT])

FOLDER = STATIC / "manual"
"""The pictures, a list of them, and a PDF for each tenant."""

PICTURED = "leopalace"
"""The tenant whose pages are pictured; of the others, those that are different are pictured too."""

_DAY = 86_400  # seconds


@cache
def pictures() -> dict[str, tuple[int, int, int]]:
    """Each picture's width and height in CSS pixels and its number of marks, by its name.

    The name of a tenant's own one begins with the tenant's.
    """
    listed: dict[str, tuple[int, int, int]] = json.loads((FOLDER / "pictures.json").read_text("utf-8"))
    return listed


@router.get("/manual")
async def show(request: Request, tenant: TenantOfPath) -> Response:
    """The manual as a page; it is in Japanese in every language."""
    house = house_of(request)
    settings = house.settings
    paper = FOLDER / f"{tenant.name}.pdf"
    pdf_bytes = paper.stat().st_size if paper.exists() else None
    response = render_once(
        request,
        "manual/page.html",
        version=pdf_bytes,
        pictures=pictures(),
        pictured=house.tenants.get(PICTURED),
        origin=settings.web_origin,
        link_ttl=_in_japanese(settings.link_ttl),
        application_ttl=_in_japanese(settings.application_ttl),
        approval_ttl=_in_japanese(settings.approval_ttl),
        pdf_bytes=pdf_bytes,
    )
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


@router.get("/manual.pdf")
async def download(tenant: TenantOfPath) -> Response:
    """The manual as a file to keep and to print; the page for a tenant whose file was not made yet."""
    paper = FOLDER / f"{tenant.name}.pdf"
    if not paper.exists():
        return see_other(f"/{tenant.name}/manual")
    return FileResponse(
        paper,
        filename=f"jcan-{tenant.name}-manual.pdf",
        media_type="application/pdf",
        headers={"Cache-Control": f"public, max-age={_DAY}"},
    )


def _in_japanese(length: timedelta) -> str:
    """A period in the manual's language, whatever the reader's; the page around it goes back to theirs."""
    i18n.speak(Language.JA)
    return i18n.period(length)
