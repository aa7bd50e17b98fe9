"""The places of the front that are no tenant's: found by a path's first segment, not by trying each."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class Places(BaseRoute):
    """What stands under names of its own; tenants' pages stand under the tenants' names."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        """Take the routers of the places; each of their paths begins with a name."""
        routes = (route for each in routers for route in each.routes)
        self._names = {_first(route.path) for route in routes if isinstance(route, Route)}
        self._router = APIRouter(redirect_slashes=False)
        for each in routers:
            self._router.include_router(each)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the path begins with one of the names."""
        ours = scope["type"] == "http" and _first(scope["path"]) in self._names
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the place answer. Raises HTTPException, 404 if there is no such page."""
        await self._router(scope, receive, send)


def _first(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
