"""Rendering the console's pages: with who is signed in, and the console's own words."""

from fastapi import Request, Response

from records.operators import Operator, Role
from web.console import words
from web.house import house_of
from web.pages import render


def show(
    request: Request, operator: Operator, template: str, status_code: int = 200, **context: object
) -> Response:
    """`console/…` as a page; the templates have `operator`, `words` and `run_url(reference)`."""
    return render(
        request,
        f"console/{template}",
        status_code,
        operator=operator,
        words=words,
        service_of=lambda name: _service(request, name),
        run_url=lambda reference: run_url(request, operator, reference),
        **context,
    )


def run_url(request: Request, operator: Operator, reference: str) -> str:
    """Where the Temporal UI shows an enrolment's run; empty for who may not look there."""
    if operator.role is not Role.ADMINISTRATOR:
        return ""
    namespace = house_of(request).namespace
    return f"/temporal/namespaces/{namespace}/workflows/enrolment-{reference}"


def _service(request: Request, name: str) -> str:
    tenant = house_of(request).tenants.get(name)
    return tenant.mail_label if tenant else name
