"""How domain errors travel: as JSON-RPC error objects over the WebSocket, as problem documents over HTTP."""

from collections.abc import Mapping
from enum import IntEnum

from firefly.errors import (
    Conflict,
    FireflyError,
    Forbidden,
    InvalidInput,
    LimitReached,
    NameTaken,
    NotFound,
    StorageFull,
    TimedOut,
    TooLarge,
    Unavailable,
    VersionConflict,
)

MANIFEST_NAME = "firefly.yml"
# What said the same to older tools of the house.
LEGACY_NAMES = (".stage1.yml", ".stage1.yaml", ".build.yml", ".build.yaml")


class ErrorCode(IntEnum):
    PARSE = -32700
    REQUEST = -32600
    METHOD = -32601
    PARAMS = -32602
    INTERNAL = -32603
    VERSION_CONFLICT = -32010
    NOT_FOUND = -32011
    EXISTS = -32012
    REFUSED_PATH = -32013
    TOO_LARGE = -32014
    NO_SPACE = -32015
    NOT_ALLOWED = -32016
    LIMIT = -32017
    CONFLICT = -32018
    UNAVAILABLE = -32019


class RefusedPath(InvalidInput):
    """A path that is not plain and relative, leaves the workspace, or is not for writing."""

    kind = "refused-path"
    title = "The path is refused"


class ManifestError(InvalidInput):
    """firefly.yml breaks its schema; `line` counts from 1."""

    kind = "invalid-manifest"
    title = "firefly.yml is not valid"

    def __init__(self, detail: str, *, line: int = 1) -> None:
        super().__init__(detail, field=MANIFEST_NAME, line=line)
        self.line = line


class RpcError(FireflyError):
    """An error that exists only in JSON-RPC: broken messages, unknown methods, failures inside the bridge."""

    kind = "rpc"

    def __init__(self, code: int, detail: str, **extra: object) -> None:
        super().__init__(detail, **extra)
        self.code = code


# In order: the first class that an error belongs to decides.
_TABLE: tuple[tuple[type[FireflyError], ErrorCode, int], ...] = (
    (VersionConflict, ErrorCode.VERSION_CONFLICT, 412),
    (NameTaken, ErrorCode.EXISTS, 409),
    (RefusedPath, ErrorCode.REFUSED_PATH, 422),
    (TooLarge, ErrorCode.TOO_LARGE, 413),
    (StorageFull, ErrorCode.NO_SPACE, 507),
    (NotFound, ErrorCode.NOT_FOUND, 404),
    (Forbidden, ErrorCode.NOT_ALLOWED, 403),
    (LimitReached, ErrorCode.LIMIT, 429),
    (TimedOut, ErrorCode.UNAVAILABLE, 504),
    (Unavailable, ErrorCode.UNAVAILABLE, 503),
    (InvalidInput, ErrorCode.PARAMS, 422),
    (Conflict, ErrorCode.CONFLICT, 409),
)
_BY_KIND = {cls.kind: cls for cls, _, _ in _TABLE}
_BY_CODE = {int(code): cls for cls, code, _ in reversed(_TABLE)}


def code_of(error: FireflyError) -> int:
    if isinstance(error, RpcError):
        return error.code
    return next((int(code) for cls, code, _ in _TABLE if isinstance(error, cls)), int(ErrorCode.INTERNAL))


def status_of(error: FireflyError) -> int:
    """The HTTP status of `error`."""
    return next((status for cls, _, status in _TABLE if isinstance(error, cls)), 500)


def error_object(error: FireflyError) -> dict[str, object]:
    """The `error` member of a JSON-RPC response."""
    body: dict[str, object] = {"code": code_of(error), "message": error.detail}
    if error.extra:
        body["data"] = dict(error.extra)
    return body


def problem(error: FireflyError) -> dict[str, object]:
    """An RFC 9457 document."""
    return {
        **error.extra,
        "type": f"urn:firefly:{error.kind}",
        "title": error.title,
        "status": status_of(error),
        "detail": error.detail,
    }


def from_error_object(body: Mapping[str, object]) -> FireflyError:
    """The domain error that a JSON-RPC error object stands for; an unknown code stays an RpcError."""
    code, data = body.get("code"), body.get("data")
    detail, extra = str(body.get("message", "")), data if isinstance(data, dict) else {}
    number = code if isinstance(code, int) else int(ErrorCode.INTERNAL)
    cls = _BY_CODE.get(number) if number != ErrorCode.PARAMS else InvalidInput
    return _rebuild(cls, detail, extra) if cls else RpcError(number, detail, **_clean(extra))


def from_problem(body: Mapping[str, object]) -> FireflyError:
    """The domain error that a problem document stands for."""
    kind = str(body.get("type", "")).rpartition(":")[2]
    extra = {key: value for key, value in body.items() if key not in {"type", "title", "status", "detail"}}
    cls = _BY_KIND.get(kind, FireflyError)
    return _rebuild(cls, str(body.get("detail") or body.get("title") or "The bridge refused."), extra)


def _rebuild(cls: type[FireflyError], detail: str, extra: Mapping[str, object]) -> FireflyError:
    error = cls(detail)
    error.extra = _clean(extra)
    return error


def _clean(extra: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in extra.items() if key not in {"code", "detail"}}
