"""What the API answers when it does not do what was asked: problem details (RFC 9457).

`type` is an absolute address in the API's documentation and stays what it is; `code` is its last part, the
same on every installation. No problem repeats what was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette import status as http
from starlette.exceptions import HTTPException

from telemetry.logs import logger
from web.house import House, house_of

log = logger("jcan.web")

PLACE = "/api/v1"
"""Where the API is, below the front's origin."""
MEDIA_TYPE = "application/problem+json"
LATER: Mapping[str, str] = {"Retry-After": "30"}
"""What tells a machine to call again, in seconds, while the engine or the database is away."""

KINDS: Mapping[str, tuple[int, str]] = {
    "malformed": (http.HTTP_400_BAD_REQUEST, "The request cannot be read."),
    "unauthorized": (http.HTTP_401_UNAUTHORIZED, "There is no API key that counts."),
    "approval-by-api-not-allowed": (http.HTTP_403_FORBIDDEN, "This tenant's approvals are not given by API."),
    "foreign-form": (http.HTTP_403_FORBIDDEN, "Another site's page has sent this."),
    "not-found": (http.HTTP_404_NOT_FOUND, "There is nothing at this address."),
    "unknown-reference": (http.HTTP_404_NOT_FOUND, "You have no enrolment of this reference."),
    "unknown-certificate": (http.HTTP_404_NOT_FOUND, "You have no certificate with this serial number."),
    "unknown-cursor": (http.HTTP_404_NOT_FOUND, "There is no page at this cursor."),
    "method-not-allowed": (http.HTTP_405_METHOD_NOT_ALLOWED, "This address does not take this method."),
    "contrary": (http.HTTP_409_CONFLICT, "Something else was decided before."),
    "too-late": (http.HTTP_409_CONFLICT, "The enrolment is past that."),
    "not-now": (http.HTTP_409_CONFLICT, "The enrolment is not at that stage."),
    "too-large": (http.HTTP_413_CONTENT_TOO_LARGE, "The request is too large."),
    "invalid": (http.HTTP_422_UNPROCESSABLE_CONTENT, "Something in the request is wrong or missing."),
    "too-many-requests": (http.HTTP_429_TOO_MANY_REQUESTS, "There were too many requests."),
    "broken": (http.HTTP_500_INTERNAL_SERVER_ERROR, "Something of ours is broken."),
    "database-away": (
        http.HTTP_503_SERVICE_UNAVAILABLE,
        "We cannot work at the moment; the same call again is safe.",
    ),
    "engine-away": (
        http.HTTP_503_SERVICE_UNAVAILABLE,
        "Nothing can be decided at the moment; nothing was changed.",
    ),
}
"""Each kind's status and title. A kind never changes its meaning."""

_BY_STATUS = {
    http.HTTP_400_BAD_REQUEST: "malformed",
    http.HTTP_401_UNAUTHORIZED: "unauthorized",
    http.HTTP_404_NOT_FOUND: "not-found",
    http.HTTP_405_METHOD_NOT_ALLOWED: "method-not-allowed",
    http.HTTP_413_CONTENT_TOO_LARGE: "too-large",
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "What kind of problem it is; stable."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(KINDS), "description": "The last part of `type`."},
        "detail": {"type": "string", "description": "What is the matter this time."},
        "stage": {"type": "string", "description": "Where the enrolment stands, with a 409."},
        "errors": {
            "type": "array",
            "description": "With a 422: what is wrong, and where.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "`#/…` into the body (RFC 6901), or the parameter's name.",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


@dataclass
class ApiProblem(Exception):
    """A problem of one of the `KINDS`; `more` are further members."""

    code: str
    detail: str | None = None
    headers: Mapping[str, str] | None = None
    more: Mapping[str, object] | None = None


def problem(house: House, found: ApiProblem) -> Response:
    """The answer that tells a problem."""
    status, title = KINDS[found.code]
    body: dict[str, object] = {
        "type": f"{house.settings.web_origin}{PLACE}/docs#{found.code}",
        "title": title,
        "status": status,
        "code": found.code,
    }
    if found.detail is not None:
        body["detail"] = found.detail
    return JSONResponse(body | dict(found.more or {}), status, found.headers, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Answer these exceptions with problem details."""
    api.add_exception_handler(ApiProblem, _api_problem)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(OperationalError, _database_away)


def note_away(error: Exception) -> None:
    """Log that the database could not be reached, or went away on the way."""
    kind = type(error.orig if isinstance(error, OperationalError) else error).__name__
    log.warning("the database cannot be reached", error=kind)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a call that may answer with these kinds, for the OpenAPI document."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = KINDS[code]
        known = found.get(status, {}).get("description")
        found[status] = {
            "description": f"{known} / {title}" if known else title,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return found


def _api_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiProblem):
        raise error
    return problem(house_of(request), error)


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _BY_STATUS.get(error.status_code, "malformed")
    return problem(house_of(request), ApiProblem(code, headers=error.headers))


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(house_of(request), ApiProblem("invalid", more={"errors": _errors(error.errors())}))


def _database_away(request: Request, error: Exception) -> Response:
    note_away(error)
    return problem(house_of(request), ApiProblem("database-away", headers=LATER))


def _errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    return [{"pointer": _pointer(each["loc"]), "detail": _said(each)} for each in errors]


def _pointer(location: tuple[int | str, ...]) -> str:
    """Where in the body (a tagged union's tag is no member of it), or which parameter."""
    place, *path = location
    if place != "body":
        return str(path[0]) if path else str(place)
    steps = [str(step) for step in path if step not in _TAGS]
    return "#" + "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


_TAGS = frozenset({"principal", "agent", "approve", "return", "refuse"})


def _said(error: Mapping[str, Any]) -> str:
    """A validator's own words; for a wrong character in JSON the parser's may quote what was sent."""
    return "This is no JSON." if error["type"] == "json_invalid" else str(error["msg"])
