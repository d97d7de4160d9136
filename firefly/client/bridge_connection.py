"""One JSON-RPC connection to a bridge: calls by name, notifications and binary frames as they come."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from pydantic import BaseModel

from firefly.errors import FireflyError, InvalidInput, TimedOut, Unavailable
from firefly.protocol.application import ApplicationStatus, Output, SubscribeParams
from firefly.protocol.errors import from_error_object
from firefly.protocol.execution import DEFAULT_TIMEOUT, ExecParams, ExecResult
from firefly.protocol.files import (
    Created,
    CreateParams,
    Deleted,
    FileContent,
    Index,
    Kind,
    Listing,
    ListParams,
    MoveParams,
    PathParams,
    Restored,
    RestoreParams,
    WriteParams,
    Written,
)
from firefly.protocol.frames import Frame, FrameKind, decode, encode
from firefly.protocol.model import Done, Nothing
from firefly.protocol.terminal import Opened, OpenParams, ResizeParams, TerminalList, TerminalParams
from firefly.protocol.workspace import Hello, HelloParams
from firefly.weighing import MOST_VALUES, is_heavy

INBOX = 4096
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Notification:
    """`params` is the JSON object as it came; the models of firefly.protocol parse it."""

    method: str
    params: Mapping[str, object]


Incoming = Notification | Frame


class BridgeConnection:
    """Made by `BridgeClient.connect`. Iterate over `incoming()` for notifications and frames.

    The inbox is bounded: whoever neither reads it nor closes the connection stops receiving answers too. Where only
    `answers` are wanted, nothing else is kept.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, answers: bool = False) -> None:
        self._socket = socket
        self._answers = answers
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[object]] = {}
        self._inbox: asyncio.Queue[Incoming | None] = asyncio.Queue(INBOX)
        self._reader = asyncio.create_task(self._read(), name="bridge-connection")

    async def close(self) -> None:
        await self._socket.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def incoming(self) -> AsyncIterator[Incoming]:
        """Everything that is no answer, in order, until the connection ends."""
        while (item := await self._inbox.get()) is not None:
            yield item

    async def call(
        self, answer: type[Answer], method: str, params: BaseModel | Mapping[str, object], *, timeout: float = 30
    ) -> Answer:
        """Raises the domain error that the bridge answered with, TimedOut, or Unavailable when it is gone."""
        body = params.model_dump(mode="json") if isinstance(params, BaseModel) else dict(params)
        number = next(self._ids)
        future = self._pending[number] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": body}
        try:
            async with asyncio.timeout(timeout):
                await self.send_raw(json.dumps(message))
                result = await future
            return answer.model_validate(result)
        except TimeoutError as error:
            raise TimedOut(f"The bridge did not answer {method} within {timeout:g} s.") from error
        finally:
            self._pending.pop(number, None)

    async def send_raw(self, message: str | bytes) -> None:
        """One text or binary frame as it is; for tests of bad input, and for `call`."""
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise Unavailable("The connection to the bridge is closed.") from error

    async def hello(self, client: str) -> Hello:
        return await self.call(Hello, "bridge.hello", HelloParams(client=client))

    async def list_folder(self, path: str = "", *, depth: int = 1) -> Listing:
        return await self.call(Listing, "files.list", ListParams(path=path, depth=depth))

    async def index(self) -> Index:
        return await self.call(Index, "files.index", Nothing())

    async def read(self, path: str) -> FileContent:
        return await self.call(FileContent, "files.read", PathParams(path=path))

    async def write(self, path: str, text: str, *, version: str | None, force: bool = False) -> Written:
        return await self.call(Written, "files.write", WriteParams(path=path, text=text, version=version, force=force))

    async def create(self, path: str, *, folder: bool = False) -> Created:
        return await self.call(
            Created, "files.create", CreateParams(path=path, kind=Kind.FOLDER if folder else Kind.FILE)
        )

    async def rename(self, path: str, to: str) -> Done:
        return await self.call(Done, "files.rename", MoveParams(path=path, to=to))

    async def copy(self, path: str, to: str) -> Done:
        return await self.call(Done, "files.copy", MoveParams(path=path, to=to))

    async def delete(self, path: str) -> Deleted:
        return await self.call(Deleted, "files.delete", PathParams(path=path))

    async def restore(self, undo: str) -> Restored:
        return await self.call(Restored, "files.restore", RestoreParams(undo=undo))

    async def watch(self) -> Done:
        return await self.call(Done, "files.watch", Nothing())

    async def unwatch(self) -> Done:
        return await self.call(Done, "files.unwatch", Nothing())

    async def open_terminal(self, *, cols: int = 80, rows: int = 24, cwd: str = "") -> Opened:
        return await self.call(Opened, "terminal.open", OpenParams(cols=cols, rows=rows, cwd=cwd))

    async def attach_terminal(self, terminal: str) -> Opened:
        return await self.call(Opened, "terminal.attach", TerminalParams(id=terminal))

    async def terminals(self) -> TerminalList:
        return await self.call(TerminalList, "terminal.list", Nothing())

    async def resize_terminal(self, terminal: str, *, cols: int, rows: int) -> Done:
        return await self.call(Done, "terminal.resize", ResizeParams(id=terminal, cols=cols, rows=rows))

    async def close_terminal(self, terminal: str) -> Done:
        return await self.call(Done, "terminal.close", TerminalParams(id=terminal))

    async def type(self, channel: int, data: bytes) -> None:
        await self.send_raw(encode(FrameKind.TERMINAL, channel, data))

    async def application(self, action: str = "status") -> ApplicationStatus:
        """`action`: status, start, stop, restart or install."""
        return await self.call(ApplicationStatus, f"application.{action}", Nothing())

    async def subscribe(self, *, after: int | None = None) -> Output:
        return await self.call(Output, "application.subscribe", SubscribeParams(after=after))

    async def run(self, command: str | list[str], *, timeout: float = DEFAULT_TIMEOUT) -> ExecResult:
        params = ExecParams(command=command, timeout=timeout)
        return await self.call(ExecResult, "exec.run", params, timeout=timeout + 15)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    await self._keep(decode(message.data))
                elif message.type is aiohttp.WSMsgType.TEXT and isinstance(body := _read(message.data), dict):
                    await self._take(body)
        # Whoever speaks another language is as good as gone; what waits for an answer is told so.
        except (ValueError, RecursionError, InvalidInput):
            return
        finally:
            self._end()

    async def _keep(self, item: Incoming) -> None:
        if not self._answers:
            await self._inbox.put(item)

    async def _take(self, body: Mapping[str, object]) -> None:
        method, params, number = body.get("method"), body.get("params"), body.get("id")
        if isinstance(method, str):
            await self._keep(Notification(method, params if isinstance(params, dict) else {}))
            return
        future = self._pending.get(number) if isinstance(number, int) else None
        if future is None or future.done():
            return
        error = body.get("error")
        if isinstance(error, dict):
            future.set_exception(from_error_object(error))
        else:
            future.set_result(body.get("result"))

    def _end(self) -> None:
        gone: FireflyError = Unavailable("The connection to the bridge is closed.")
        for future in self._pending.values():
            if not future.done():
                future.set_exception(gone)
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(None)


def _read(text: str) -> object:
    """Raises ValueError for what is no JSON, or takes long to read."""
    if len(text) > MOST_VALUES and is_heavy(text.encode("utf-8", "replace")):
        raise ValueError("too many values")
    return json.loads(text)
