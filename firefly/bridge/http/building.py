"""What a build asks of the bridge: fill the workspace, run a command, pack what came of it.

Output and archives go back in frames, as bytes, at the pace of whoever takes them.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

import structlog
from aiohttp import web

from firefly.bridge.building import strays
from firefly.bridge.environment import Environment
from firefly.bridge.http.problems import answer, params
from firefly.bridge.packages import offered
from firefly.bridge.pipes import feeding, following, pipe
from firefly.bridge.process import Running, running
from firefly.bridge.services.execution import Execution
from firefly.bridge.workspace import Workspace
from firefly.protocol.application import Stream
from firefly.protocol.building import Ended, Filled, FrameKind, Packed, PackParams, RunParams, frame

Made = TypeVar("Made")

PIPE = 1 << 20
ALIVE, LOOK = 15.0, 0.25
_KINDS = {Stream.OUT: FrameKind.OUT, Stream.ERR: FrameKind.ERR}
_HEADERS = {"Content-Type": "application/vnd.firefly.frames", "Cache-Control": "no-store"}
log = structlog.get_logger()


class BuildingRoutes:
    def __init__(self, environment: Environment, workspace: Workspace, execution: Execution) -> None:
        self._environment = environment
        self._workspace = workspace
        self._execution = execution

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/build/fill", self.fill),
            web.post("/build/run", self.run),
            web.post("/build/pack", self.pack),
        ]

    async def fill(self, request: web.Request) -> web.StreamResponse:
        """The body is an uncompressed tar."""
        from firefly.bridge.building.filling import Filling

        with self._workspace.folder("") as root:
            return answer(await _through_pipe(request, lambda file: Filling(root).unpack(file)))

    async def run(self, request: web.Request) -> web.StreamResponse:
        """Frames of output, then the exit status. A client that goes away ends the command with its group."""
        wanted = await params(request, RunParams)
        strays.inherit()
        environment, response = self._environment, web.StreamResponse(headers=_HEADERS)

        async def sink(stream: Stream, data: bytes) -> None:
            await response.write(frame(_KINDS[stream], data))

        argv, cwd = [environment.shell(), "-c", wanted.command], environment.workspace
        with self._execution.counted():
            async with offered(environment, wanted.command, environment.child(**wanted.env)) as env:
                await response.prepare(request)
                async with running(argv, cwd=cwd, env=env, sink=sink, room=PIPE) as command:
                    code = await _while_heard(request, response, command)
        if code is not None:
            await _end(response, FrameKind.END, Ended(exit_code=code).model_dump_json())
        return response

    async def pack(self, request: web.Request) -> web.StreamResponse:
        """Frames of the archive, then what is in it. What commands left running is ended first."""
        from firefly.bridge.building.packing import Packing

        wanted = await params(request, PackParams)
        if wanted.ends and (ended := await asyncio.to_thread(strays.end_all)):
            log.info("build.strays", count=ended)
        root, above = str(self._environment.workspace), f"{wanted.folder}/" if wanted.in_place else ""
        if wanted.folder and not above:
            root = f"{root}/{wanted.folder}"
        with self._workspace.folder(wanted.folder) as folder:

            def work(file: BinaryIO) -> Packed:
                home, without = str(self._environment.home), wanted.without
                return Packing(root, file, home=home, without=without, pages=wanted.pages).pack(folder, above)

            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            try:
                packed = await _into_pipe(response, work)
            except OSError as error:
                await _end(response, FrameKind.FAILED, f"The result cannot be read: {error}")
            else:
                await _end(response, FrameKind.END, packed.model_dump_json())
        return response


async def _while_heard(request: web.Request, response: web.StreamResponse, command: Running) -> int | None:
    """The exit status; None where nobody listens any more."""
    waiting = asyncio.ensure_future(command.wait())
    silent = 0.0
    try:
        while request.transport is not None and not request.transport.is_closing():
            done, _ = await asyncio.wait({waiting}, timeout=LOOK)
            if done:
                return waiting.result()
            silent += LOOK
            if silent >= ALIVE:
                silent = 0.0
                await response.write(frame(FrameKind.ALIVE))
        return None
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _end(response: web.StreamResponse, kind: FrameKind, text: str) -> None:
    await response.write(frame(kind, text.encode()))
    await response.write_eof()


async def _through_pipe(request: web.Request, work: Callable[[BinaryIO], Filled]) -> Filled:
    """The result of `work`, which reads the body of the request in a thread."""
    reading, writing = pipe(PIPE)
    working = asyncio.ensure_future(asyncio.to_thread(_with_file, work, reading, "rb"))
    try:
        async with feeding(writing) as writer:
            with suppress(BrokenPipeError, ConnectionResetError):
                async for piece in request.content.iter_any():
                    writer.write(piece)
                    await writer.drain()
    finally:
        await asyncio.wait({working})
    return working.result()


async def _into_pipe(response: web.StreamResponse, work: Callable[[BinaryIO], Packed]) -> Packed:
    """The result of `work`, whose output is written to the response as it comes."""
    reading, writing = pipe(PIPE)
    working = asyncio.ensure_future(asyncio.to_thread(_with_file, work, writing, "wb"))
    try:
        async with following(reading, limit=PIPE // 4) as reader:
            while piece := await reader.read(PIPE // 4):
                await response.write(frame(FrameKind.OUT, piece))
    finally:
        await asyncio.wait({working})
    return working.result()


def _with_file(work: Callable[[BinaryIO], Made], descriptor: int, mode: str) -> Made:
    with cast(BinaryIO, os.fdopen(descriptor, mode, buffering=PIPE // 2)) as file:
        return work(file)
