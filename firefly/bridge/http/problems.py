"""Domain errors as problem documents, and the request id on every line that is logged."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError
from structlog.contextvars import bind_contextvars, clear_contextvars

from firefly.bridge.dispatcher import bad_params
from firefly.errors import FireflyError, InvalidInput
from firefly.protocol.errors import problem, status_of

Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
REQUEST_ID = "X-Request-Id"
log = structlog.get_logger()


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    clear_contextvars()
    if request_id := request.headers.get(REQUEST_ID):
        bind_contextvars(request_id=request_id[:100])
    try:
        return await handler(request)
    except FireflyError as error:
        return problem_response(error)
    except web.HTTPException as error:
        body = {"type": "about:blank", "title": error.reason, "status": error.status}
        return _json(body, error.status)
    except ConnectionError:
        raise
    except Exception as error:
        log.exception("bridge.request_failed", path=request.path)
        return problem_response(FireflyError(f"The bridge failed: {type(error).__name__}."))


def problem_response(error: FireflyError) -> web.Response:
    return _json(problem(error), status_of(error))


def answer(value: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=value.model_dump_json(), status=status, headers=headers, content_type="application/json")


async def params(request: web.Request, kind: type[Body]) -> Body:
    """The JSON body of `request`. Raises InvalidInput for what is no such body."""
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        raise InvalidInput(bad_params(error).detail) from error
    except web.HTTPRequestEntityTooLarge as error:
        raise InvalidInput("The body is too large.") from error


def _json(body: dict[str, object], status: int) -> web.Response:
    text = json.dumps(body, default=str)
    return web.Response(text=text, status=status, content_type="application/problem+json")
