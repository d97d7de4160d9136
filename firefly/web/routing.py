"""The API's route table: every call is declared once, with its schemas, and documented from there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from firefly.errors import Forbidden, InvalidInput, NotFound, TooLarge
from firefly.pace import Pace
from firefly.weighing import MOST_VALUES, values_in

from .context import client_address, identity_of, require_identity
from .problems import Malformed
from .services import Services, services_of

if TYPE_CHECKING:
    from firefly.auth import Identity

PREFIX = "/api/v1"
# A body of JSON; files and archives are streams and have limits of their own.
LARGEST_JSON = 1 << 20

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, and what a handler needs to answer it."""

    request: web.Request

    @property
    def services(self) -> Services:
        return services_of(self.request)

    @property
    def visitor(self) -> "Identity | None":
        return identity_of(self.request)

    @property
    def identity(self) -> "Identity":
        """Raises Unauthenticated when nobody is signed in."""
        return require_identity(self.request)

    @property
    def address(self) -> str | None:
        return client_address(self.request)

    @property
    def project(self) -> tuple[str, str]:
        """Owner and name, from the path."""
        return self.request.match_info["owner"], self.request.match_info["name"]

    @property
    def workspace(self) -> str | None:
        """The member whose own workspace it is about; None for the shared one."""
        return self.request.query.get("workspace")

    @property
    def wants_events(self) -> bool:
        return "text/event-stream" in self.request.headers.get(hdrs.ACCEPT, "")

    def require_scope(self, scope: str) -> "Identity":
        """Raises Unauthenticated, or Forbidden for a token that was made for less."""
        identity = self.identity
        if not identity.has(scope):
            raise Forbidden(f"This token lacks the scope `{scope}`. Make one that has it.")
        return identity

    def require_administrator(self) -> "Identity":
        identity = self.require_scope("admin")
        if not identity.account.is_administrator:
            raise Forbidden("Only administrators may do this.")
        return identity

    def id(self, name: str = "id") -> UUID:
        """An id from the path; what is none is not found."""
        try:
            return UUID(self.request.match_info[name])
        except ValueError:
            raise NotFound("There is nothing with this id.") from None

    def query(self, model: type[Model]) -> Model:
        return validate(model, dict(self.request.query))

    async def body(self, model: type[Model]) -> Model:
        """The JSON body. Raises Malformed, TooLarge, InvalidInput (naming the field)."""
        return parse(model, await read_limited(self.request, LARGEST_JSON))


async def read_limited(request: web.Request, limit: int, pace: Pace | None = None) -> bytes:
    """The whole body, at most `limit` bytes of it. Raises TooLarge before more is read; TimeoutError below `pace`."""
    if (request.content_length or 0) > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.", limit=limit)
    parts: list[bytes] = []
    size = 0
    content = aiter(request.content.iter_any())
    async for part in pace.kept(content) if pace else content:
        size += len(part)
        if size > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.", limit=limit)
        parts.append(part)
    return b"".join(parts)


def parse(model: type[Model], raw: bytes) -> Model:
    """Raises Malformed, TooLarge, InvalidInput (naming the field)."""
    if values_in(raw) > MOST_VALUES:
        raise TooLarge(f"The body holds more than {MOST_VALUES:,} values.", limit=MOST_VALUES)
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise _told(error) from None


def validate(model: type[Model], values: object) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _told(error) from None


def _told(error: ValidationError) -> InvalidInput:
    """Pydantic's findings as one sentence each, in the words of the user's input and without echoing it."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if any(item["type"] == "json_invalid" for item in found):
        return Malformed(f"The body is not JSON: {found[0]['msg'].removeprefix('Invalid JSON: ')}.")
    if any(item["type"] == "json_type" for item in found) or not any(item["loc"] for item in found):
        return InvalidInput(f"{found[0]['msg'].removeprefix('Value error, ')}.")
    mistakes = [{"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in found]
    detail = " ".join(f"`{item['field']}`: {item['message'].removeprefix('Value error, ')}." for item in mistakes)
    return InvalidInput(detail, field=mistakes[0]["field"], errors=mistakes)


Answer = BaseModel | web.StreamResponse | None
CallHandler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the API. `path` is below /api/v1; `media` is what it answers with when that is not JSON."""

    method: str
    path: str
    summary: str
    handler: CallHandler
    tag: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    media: str | None = None
    upload: str | None = None
    public: bool = False
    in_workspace: bool = False
    """About one workspace: `?workspace=` names a member's own in the place of the shared one."""

    @property
    def full_path(self) -> str:
        return PREFIX + self.path

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if not self.public:
            require_identity(request)
        answer = await self.handler(Call(request))
        if answer is None:
            return web.Response(status=204)
        if isinstance(answer, BaseModel):
            return web.Response(
                body=answer.model_dump_json(by_alias=True).encode(), status=self.status, content_type="application/json"
            )
        return answer


@dataclass(frozen=True, slots=True)
class Resource:
    """The calls of one module, under one heading."""

    tag: str
    operations: list[Operation] = field(default_factory=list)

    def call(self, method: str, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        """Declare the decorated handler; options are Operation's."""

        def declare(handler: CallHandler) -> CallHandler:
            self.operations.append(
                Operation(method=method, path=path, summary=summary, handler=handler, tag=self.tag, **options)
            )
            return handler

        return declare

    def get(self, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        return self.call("GET", path, summary, **options)

    def post(self, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        return self.call("POST", path, summary, **options)

    def put(self, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        return self.call("PUT", path, summary, **options)

    def patch(self, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        return self.call("PATCH", path, summary, **options)

    def delete(self, path: str, summary: str, **options: Any) -> Callable[[CallHandler], CallHandler]:
        return self.call("DELETE", path, summary, **options)
