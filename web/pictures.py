"""The registration's picture as an image and read aloud."""

import uuid

from fastapi import APIRouter, HTTPException, Request, Response

from web import rates
from web.captcha import Pictures
from web.house import house_of
from web.i18n import language_of
from web.pages import KNOWN_TENANT
from web.safety import network_of

router = APIRouter(prefix="/{tenant}/regist/picture", dependencies=[KNOWN_TENANT])


@router.get("/{picture}.png")
async def show_picture(request: Request, picture: uuid.UUID) -> Response:
    """The letters drawn; 404 once the picture is solved, expired or used up."""
    image = await Pictures(house_of(request)).png(picture)
    if image is None:
        raise HTTPException(404)
    return Response(image, media_type="image/png")


@router.get("/{picture}.wav")
async def read_picture(request: Request, picture: uuid.UUID) -> Response:
    """The letters read aloud in the page's language; mixing takes a moment, so it counts as a picture."""
    house = house_of(request)
    waiting = await rates.take(house, {rates.PICTURES_PER_NETWORK: network_of(request)})
    if waiting is not None:
        return rates.retry_after(Response(status_code=429), waiting)
    sound = await Pictures(house).wav(picture, language_of(request))
    if sound is None:
        raise HTTPException(404)
    return Response(sound, media_type="audio/wav")
