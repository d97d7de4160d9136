"""Server-Sent Events: the application's output, and a command's."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from aiohttp import web

from firefly.bridge.application.board import Board
from firefly.bridge.output import Output
from firefly.bridge.services.execution import Execution
from firefly.bridge.tasks import first_of
from firefly.errors import Unavailable
from firefly.protocol.execution import ExecEvent, ExecParams

T = TypeVar("T")

HEARTBEAT = 15.0
# How often it is seen whether the client of a silent command has gone.
LOOK = 1.0
PER_WRITE = 500
_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}


async def logs(request: web.Request, board: Board, output: Output) -> web.StreamResponse:
    """Events `output` (a line, its number as id) and `status`; from Last-Event-ID on, else from the start."""
    given = request.headers.get("Last-Event-ID", "")
    last = int(given) if given.isascii() and given.isdigit() else None
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    shown = None
    while True:
        lines = output.after(last, limit=PER_WRITE)
        events = [f"id: {line.seq}\nevent: output\ndata: {line.model_dump_json()}\n\n" for line in lines]
        if board.status is not shown:
            shown = board.status
            events.append(f"event: status\ndata: {shown.model_dump_json()}\n\n")
        last = lines[-1].seq if lines else (last if last is not None and last <= output.last else output.last)
        await response.write("".join(events).encode() if events else b": alive\n\n")
        if not lines and board.status is shown and output.last == last:
            await _news(board, output)
        await asyncio.sleep(0.02)


async def _news(board: Board, output: Output) -> None:
    try:
        async with asyncio.timeout(HEARTBEAT):
            await first_of(board.changed(), output.grown())
    except TimeoutError:
        return


async def command(request: web.Request, execution: Execution, params: ExecParams) -> web.StreamResponse:
    """Events stdout, stderr and, last, exit. A client that goes away ends the command."""
    events = execution.stream(params)
    try:
        # A command that cannot be started is a problem document, not a stream.
        first = await anext(events)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        await _write(response, first)
        await _relay(request, events, response)
    finally:
        await events.aclose()  # type: ignore[attr-defined]
    if request.transport is not None:
        await response.write_eof()
    return response


async def _relay(request: web.Request, events: AsyncIterator[ExecEvent], response: web.StreamResponse) -> None:
    following = asyncio.ensure_future(anext(events, None))
    silent = 0.0
    try:
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.wait({following}, timeout=LOOK)
            if not following.done():
                silent += LOOK
                if silent >= HEARTBEAT:
                    silent = 0.0
                    await response.write(b": alive\n\n")
                continue
            silent = 0.0
            if (event := following.result()) is None:
                return
            await _write(response, event)
            following = asyncio.ensure_future(anext(events, None))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _write(response: web.StreamResponse, event: ExecEvent) -> None:
    await response.write(f"event: {event.event}\ndata: {event.model_dump_json()}\n\n".encode())


async def while_heard(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is ended when the client goes away first."""
    running = asyncio.ensure_future(work)
    try:
        while not running.done() and request.transport is not None and not request.transport.is_closing():
            await asyncio.wait({running}, timeout=LOOK)
        if not running.done():
            raise Unavailable("The client has gone.")
        return running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
