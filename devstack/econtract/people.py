"""What people do at the stand-in: start an application, and decide about one that an agent made for them."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from devstack.econtract.front import Front, Refused

Show = Callable[..., Response]
"""Renders a template for a request in its language."""

Text = Annotated[str, Form()]

_DECISIONS = ("approve", "return", "refuse")


def people_pages(front: Front, show: Show) -> APIRouter:
    """Give the two pages and their forms."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/start")
    def start(request: Request) -> Response:
        return show(request, "start.html", tenants=front.tenants, typed={}, problem=None)

    @pages.post("/start")
    async def send_in(
        request: Request, tenant: Text = "", applicant: Text = "principal", email: Text = ""
    ) -> Response:
        _own_form(request)
        try:
            return _go(await front.launch_link(tenant, applicant, email.strip()))
        except Refused as refused:
            typed = {"tenant": tenant, "applicant": applicant, "email": email}
            return show(
                request,
                "start.html",
                HTTPStatus.UNPROCESSABLE_ENTITY,
                tenants=front.tenants,
                typed=typed,
                problem=refused.code,
            )

    @pages.get("/approvals")
    async def approvals(request: Request, told: str = "", reference: str = "") -> Response:
        rows, problem = [], None
        try:
            rows = await front.waiting()
        except Refused as refused:
            problem = refused.code
        return show(request, "approvals.html", rows=rows, problem=problem, told=told, reference=reference)

    @pages.post("/approvals")
    async def decide(
        request: Request,
        tenant: Text = "",
        reference: Text = "",
        email: Text = "",
        decision: Text = "",
        reason: Text = "",
        obligations: Text = "",
    ) -> Response:
        _own_form(request)
        if decision not in _DECISIONS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        told = _missing(decision, reason, obligations)
        if told is None:
            try:
                told = await front.decide(tenant, reference, _decision(decision, reason, email))
            except Refused as refused:
                told = refused.code
        return _go(f"/approvals?{urlencode({'told': told, 'reference': reference})}")

    return pages


def _missing(decision: str, reason: str, obligations: str) -> str | None:
    if decision == "approve":
        return None if obligations == "yes" else "obligations-missing"
    return None if reason.strip() else "reason-missing"


def _decision(decision: str, reason: str, email: str) -> Mapping[str, str]:
    """What this service keeps of its user's decision: who by a name of its own, when, and the proof's id."""
    user = f"user-{hashlib.sha256(email.encode()).hexdigest()[:8]}"
    if decision != "approve":
        return {"decision": decision, "decided_by": user, "reason": reason.strip()}
    return {
        "decision": decision,
        "decided_by": user,
        "obligations_accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "evidence": f"consent-{uuid.uuid4()}",
    }


def _own_form(request: Request) -> None:
    """Refuse a form that another site's page has sent."""
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise HTTPException(HTTPStatus.FORBIDDEN)


def _go(url: str) -> Response:
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)
