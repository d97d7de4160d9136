"""JSON-RPC 2.0 envelopes: text of the wire to calls, and answers back to text."""

import json
from dataclasses import dataclass, field
from typing import NoReturn

from pydantic import BaseModel

from firefly.errors import FireflyError
from firefly.protocol.errors import ErrorCode, RpcError, error_object

MAX_BATCH = 100

Id = str | int | float | None


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or a notification when `wants_answer` is false."""

    method: str
    params: dict[str, object] = field(default_factory=dict)
    id: Id = None
    wants_answer: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that is no call; `error` is to be answered under `id`."""

    error: RpcError
    id: Id = None


@dataclass(frozen=True, slots=True)
class Batch:
    items: tuple[Call | Broken, ...]


def parse(text: str | bytes) -> Call | Broken | Batch:
    """Read what a client sent; never raises."""
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Broken(RpcError(ErrorCode.PARSE, "The message is not JSON."))
    if not isinstance(message, list):
        return _call(message)
    if not 0 < len(message) <= MAX_BATCH:
        return Broken(RpcError(ErrorCode.REQUEST, f"A batch has 1 to {MAX_BATCH} calls."))
    return Batch(tuple(_call(item) for item in message))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _call(message: object) -> Call | Broken:
    if not isinstance(message, dict):
        return Broken(RpcError(ErrorCode.REQUEST, "A call is an object."))
    raw_id = message.get("id")
    call_id: Id = raw_id if isinstance(raw_id, str | int | float) and not isinstance(raw_id, bool) else None
    method, params = message.get("method"), message.get("params", {})
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str) or raw_id != call_id:
        return Broken(RpcError(ErrorCode.REQUEST, "A call has jsonrpc: 2.0, a method and an id."), call_id)
    if not isinstance(params, dict):
        return Broken(RpcError(ErrorCode.PARAMS, "Parameters are given by name."), call_id)
    return Call(method, params, call_id, "id" in message)


def result(call_id: Id, value: BaseModel) -> str:
    return f'{{"jsonrpc":"2.0","id":{json.dumps(call_id)},"result":{value.model_dump_json()}}}'


def failure(call_id: Id, error: FireflyError) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": call_id, "error": error_object(error)}, default=str)


def notification(method: str, value: BaseModel) -> str:
    return f'{{"jsonrpc":"2.0","method":{json.dumps(method)},"params":{value.model_dump_json()}}}'
