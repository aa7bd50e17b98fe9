"""`POST /api/v1/launch-links`: a link with which the e-contract service sends somebody in (自動連携)."""

from fastapi import APIRouter, Request

from domain.stage import Applicant
from web.api_access import LINKS_PER_KEY, CallerOfRequest, count
from web.api_problems import documented
from web.api_shapes import LaunchLink, WantedLink
from web.launch import launch_link

router = APIRouter(tags=["launch links"])


@router.post(
    "/launch-links",
    responses=documented("malformed", "unauthorized", "too-large", "invalid", "too-many-requests"),
)
async def create_launch_link(request: Request, caller: CallerOfRequest, wanted: WantedLink) -> LaunchLink:
    """Make a link that opens the registration with the company code, and perhaps the address, filled in.

    Nothing is stored. What is sealed in the link cannot be read or changed by who has it.
    """
    await count(request, LINKS_PER_KEY, caller)
    url, expires_at = launch_link(request, caller.tenant, Applicant(wanted.applicant), wanted.email)
    return LaunchLink(url=url, expires_at=expires_at)
