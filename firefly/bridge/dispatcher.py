"""Calls to handlers: the table of methods, the check of roles, the parsing of parameters, the form of failures."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from firefly.errors import FireflyError, Forbidden
from firefly.protocol.envelope import Batch, Broken, Call, failure, result
from firefly.protocol.errors import ErrorCode, RpcError
from firefly.protocol.workspace import Role

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

log = structlog.get_logger()
P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what to do once it is on its way; for what must not overtake it."""

    value: BaseModel
    after: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Method(Generic[P]):
    """`reading`: viewers may call it too."""

    name: str
    params: type[P]
    handler: Callable[["Connection", P], Awaitable[BaseModel | Reply]]
    reading: bool = False


class Service(Protocol):
    def methods(self) -> Sequence[Method[Any]]:
        """The calls that the service answers."""


class Dispatcher:
    def __init__(self, services: Iterable[Service]) -> None:
        self._methods = {method.name: method for service in services for method in service.methods()}

    @property
    def names(self) -> list[str]:
        return sorted(self._methods)

    async def answer(self, peer: "Connection", call: Call | Broken | Batch) -> None:
        """Carry out `call` and put its answer into the peer's outbox. Never raises for what the peer did."""
        if isinstance(call, Batch):
            answers = [await self._one(peer, item) for item in call.items]
            if texts := [text for text, _ in answers if text]:
                peer.outbox.put(f"[{','.join(texts)}]")
        else:
            answers = [await self._one(peer, call)]
            if answers[0][0]:
                peer.outbox.put(answers[0][0])
        for _, after in answers:
            if after:
                after()

    async def _one(self, peer: "Connection", call: Call | Broken) -> tuple[str, Callable[[], None] | None]:
        if isinstance(call, Broken):
            return failure(call.id, call.error), None
        try:
            reply = await self._carry_out(peer, call)
        except FireflyError as error:
            return failure(call.id, error) if call.wants_answer else "", None
        value, after = (reply.value, reply.after) if isinstance(reply, Reply) else (reply, None)
        return result(call.id, value) if call.wants_answer else "", after

    async def _carry_out(self, peer: "Connection", call: Call) -> BaseModel | Reply:
        method = self._methods.get(call.method)
        if method is None:
            raise RpcError(ErrorCode.METHOD, f"There is no method {call.method[:100]}.")
        if not method.reading and peer.member.role is Role.VIEWER:
            raise Forbidden(f"A viewer may not call {method.name}. Ask an owner for the role of editor.")
        try:
            params = method.params.model_validate(call.params)
        except ValidationError as error:
            raise bad_params(error) from error
        try:
            return await method.handler(peer, params)
        except (FireflyError, ConnectionError):
            raise
        except Exception as error:
            log.exception("bridge.method_failed", method=method.name)
            raise RpcError(ErrorCode.INTERNAL, f"{method.name} failed: {type(error).__name__}.") from error


def bad_params(error: ValidationError) -> RpcError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return RpcError(ErrorCode.PARAMS, f"{field}: {message}." if field else f"{message}.", field=field)
