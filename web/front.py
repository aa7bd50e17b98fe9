"""The pages around the enrolment: the tenants, a tenant's top page, its two texts."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from web.house import house_of
from web.pages import KNOWN_TENANT, TenantOfPath, render_once

router = APIRouter()
tenant_pages = APIRouter(prefix="/{tenant}", dependencies=[KNOWN_TENANT])


@router.get("/")
async def show_tenants(request: Request) -> Response:
    """The e-contract services that have a front here."""
    return render_once(request, "tenants.html", tenants=list(house_of(request).tenants.values()))


@tenant_pages.get("")
async def add_slash(tenant: TenantOfPath) -> Response:
    """A tenant's address as people type it."""
    return RedirectResponse(f"/{tenant.name}/", 308)


@tenant_pages.get("/")
async def show_top(request: Request) -> Response:
    """What the service is, 利用者の義務, the contact, 同意する."""
    return render_once(request, "top.html")


@tenant_pages.get("/obligations")
async def show_obligations(request: Request) -> Response:
    """利用者の義務 in a window of its own."""
    return render_once(request, "obligations.html")


@tenant_pages.get("/privacy")
async def show_privacy(request: Request) -> Response:
    """個人情報の取扱いについて in a window of its own."""
    return render_once(request, "privacy.html")


router.include_router(tenant_pages)
