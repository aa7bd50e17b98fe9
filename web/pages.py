"""Rendering: a template with what every page has, and the pages that only say something."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette import status

from domain.reference import Reference
from domain.stage import Language
from domain.tenant import Tenant
from web import i18n
from web.house import house_of

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


class UnknownTenant(Exception):
    """The path's first segment names no tenant."""


@dataclass(frozen=True)
class Action:
    """A way on: a link, or a form of one button when `method` is "post"."""

    label: str
    url: str
    plain: bool = False
    method: Literal["get", "post"] = "get"


@dataclass(frozen=True)
class Fact:
    """A row of the `facts` macro; `num` sets numbers that people copy in a monospaced face."""

    label: str
    value: str | Sequence[str]
    num: bool = False
    link_label: str = ""
    link_url: str = ""

    @property
    def lines(self) -> list[str]:
        """The value line by line."""
        return [self.value] if isinstance(self.value, str) else list(self.value)


@cache
def static(name: str) -> str:
    """The address of a static file, with its digest so that it may be cached for ever."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def templates() -> Environment:
    """The templates with everything that they may use."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = i18n.in_template
    environment.globals["static"] = static
    environment.filters["moment"] = i18n.moment
    environment.filters["wait"] = i18n.wait
    environment.filters["period"] = i18n.period
    environment.filters["grouped"] = lambda text: Reference.parse(text).grouped
    return environment


async def tenant_of(request: Request) -> Tenant:
    """The tenant that the path names. Raises UnknownTenant."""
    tenant = house_of(request).tenants.get(str(request.path_params.get("tenant", "")))
    if tenant is None:
        raise UnknownTenant
    return tenant


TenantOfPath = Annotated[Tenant, Depends(tenant_of)]
KNOWN_TENANT = Depends(tenant_of)
"""For routes that need no more of the tenant than that there is one."""


def render(request: Request, template: str, status_code: int = 200, **context: object) -> HTMLResponse:
    """`template` as a page in the request's language.

    Every page has `language`, `tenant` (None outside one), `problems` (field to sentence; empty),
    `way` (None), `other_language` and `other_language_url` (this page again in that language;
    pass another where this page was the answer to a POST). In templates: `_`, the filters
    `moment`, `wait` and `grouped`, `static(name)`, and the macros as `ui`.
    """
    language = i18n.language_of(request)
    i18n.speak(language)
    house = house_of(request)
    other = Language.JA if language is Language.EN else Language.EN
    given = {
        "request": request,
        "language": language,
        "tenant": _tenant_or_none(request),
        "problems": {},
        "way": None,
        "other_language": other,
        "other_language_url": _here_in(request, other),
        **context,
    }
    page = house.templates.get_template(template).render(given)
    return HTMLResponse(page, status_code=status_code)


def render_once(request: Request, template: str, version: Hashable = None, **context: object) -> HTMLResponse:
    """`template` as a page that everybody gets alike: made once for each tenant, language and `version`."""
    language = i18n.language_of(request)
    if request.url.query not in {"", f"lang={language}"}:
        return render(request, template, 200, **context)
    made, tenant = house_of(request).made_pages, _tenant_or_none(request)
    key = (template, tenant and tenant.name, language, version)
    if key not in made:
        made[key] = bytes(render(request, template, 200, **context).body)
    return HTMLResponse(made[key])


def see_other(url: str) -> RedirectResponse:
    """On to a page after a form was taken (Post/Redirect/Get)."""
    return RedirectResponse(url, status.HTTP_303_SEE_OTHER)


def message(
    request: Request,
    title: str,
    paragraphs: Sequence[str],
    *,
    status_code: int = 200,
    actions: Sequence[Action] = (),
    kind: Literal["", "wrong", "right", "wait"] = "",
) -> HTMLResponse:
    """A page that only says something, with ways on."""
    return render(
        request,
        "message.html",
        status_code,
        title=title,
        paragraphs=list(paragraphs),
        actions=list(actions),
        kind=kind,
    )


def _tenant_or_none(request: Request) -> Tenant | None:
    segments = request.url.path.split("/")
    return house_of(request).tenants.get(segments[1]) if len(segments) > 1 else None


def _here_in(request: Request, language: Language) -> str:
    """This page in another language; relative, so that no Host header gets into a link."""
    query = request.url.include_query_params(lang=language.value).query
    return f"?{query}"
