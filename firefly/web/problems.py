"""The one place where a domain error becomes an RFC 9457 problem document."""

from collections.abc import Mapping
from math import ceil

from aiohttp import web

from firefly import errors
from firefly.errors import FireflyError

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:firefly:"
LONGEST_WAIT = 24 * 3600

# The first class that matches wins, so a subclass stands before its base.
STATUSES: tuple[tuple[type[FireflyError], int], ...] = (
    (errors.TooLarge, 413),
    (errors.InvalidInput, 422),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.Moved, 308),
    (errors.NotFound, 404),
    (errors.VersionConflict, 412),
    (errors.Conflict, 409),
    (errors.RateLimited, 429),
    (errors.LimitReached, 403),
    (errors.TimedOut, 504),
    (errors.Unavailable, 503),
    (errors.SandboxFailed, 502),
    (errors.StorageFull, 507),
)

HTTP_DETAILS: Mapping[int, tuple[str, str, str]] = {
    400: ("malformed", "The request is malformed", "Check the request and send it again."),
    401: ("unauthenticated", "Sign in first", "Send an API token; git takes it as the password, with any name."),
    404: ("not-found", "Not found", "There is nothing at this address. Check its spelling."),
    405: ("method-not-allowed", "Method not allowed", "This address does not take that method."),
    413: ("too-large", "The input is too large", "The body is larger than this call takes."),
    415: ("unsupported-media-type", "Unsupported media type", "Send JSON with `Content-Type: application/json`."),
}


class Malformed(errors.InvalidInput):
    """The body is not what its content type says, or no known one: 400, where a broken rule is a 422."""

    kind = "malformed"
    title = "The request is malformed"


def status_of(error: FireflyError) -> int:
    if isinstance(error, Malformed):
        return 400
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def document(error: FireflyError, *, instance: str, request_id: str) -> dict[str, object]:
    """The problem: `type` never changes, `detail` says what to do, other members carry what a program needs."""
    return {
        "type": TYPE_PREFIX + error.kind,
        "title": error.title,
        "status": status_of(error),
        "detail": error.detail,
        "instance": instance,
        "request_id": request_id,
    } | {name: value for name, value in error.extra.items() if name not in {"type", "status"}}


def headers_of(error: FireflyError) -> dict[str, str]:
    fields: dict[str, str] = {}
    retry_after = error.extra.get("retry_after")
    # Sandboxes may say anything here, what is no number too.
    if isinstance(retry_after, int | float) and 0 <= retry_after <= LONGEST_WAIT:
        fields["Retry-After"] = str(max(1, ceil(retry_after)))
    if isinstance(error, errors.Unauthenticated):
        fields["WWW-Authenticate"] = 'Bearer realm="Firefly"'
    return fields


def from_http(error: web.HTTPException) -> dict[str, object]:
    """aiohttp's own refusals (no route, wrong method, body too large) in the same form."""
    kind, title, detail = HTTP_DETAILS.get(error.status, ("http", error.reason, error.reason))
    return {"type": TYPE_PREFIX + kind, "title": title, "status": error.status, "detail": detail}


def unexpected(request_id: str) -> dict[str, object]:
    return {
        "type": TYPE_PREFIX + "unexpected",
        "title": "Something went wrong here",
        "status": 500,
        "detail": f"Firefly met a fault that it did not expect. Its log names it: request {request_id}.",
        "request_id": request_id,
    }
