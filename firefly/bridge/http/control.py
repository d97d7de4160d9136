"""What the server asks of a bridge: run, start, stop, fill, configure, pull; and the WebSocket of its editors."""

import asyncio
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

import structlog
from aiohttp import web
from pydantic import ValidationError

from firefly.bridge import usage
from firefly.bridge.activity import Activity
from firefly.bridge.application.ports import listening
from firefly.bridge.connection import HEARTBEAT, Connection
from firefly.bridge.dispatcher import Dispatcher
from firefly.bridge.http import streams
from firefly.bridge.http.problems import answer, params
from firefly.bridge.services.application import Application
from firefly.bridge.services.execution import Execution
from firefly.bridge.services.workspace import WorkspaceService
from firefly.errors import Forbidden, InvalidInput, NotFound, TooLarge
from firefly.pages import send_file
from firefly.protocol import MAX_MESSAGE, MEMBER_HEADER, SUBPROTOCOL
from firefly.protocol.application import Ports
from firefly.protocol.execution import ExecParams
from firefly.protocol.workspace import CarryParams, Configuration, InitializeParams, Member, PullParams

MOST_ARCHIVE = 512 << 20
MOST_CHANGES = 3 << 30
LONGEST_WAIT = 60.0
MOST_PORTS = 50
_WHO = "the server"
log = structlog.get_logger()


class ControlRoutes:
    def __init__(
        self,
        dispatcher: Dispatcher,
        application: Application,
        execution: Execution,
        workspace: WorkspaceService,
        activity: Activity,
    ) -> None:
        self._dispatcher = dispatcher
        self._application = application
        self._execution = execution
        self._workspace = workspace
        self._activity = activity

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.health),
            web.get("/bridge", self.bridge),
            web.get("/logs", self.logs),
            web.get("/application", self.status),
            web.get("/ports", self.ports),
            web.get("/activity", self.activity),
            web.get("/usage", self.usage),
            web.post("/application/{action}", self.act),
            web.post("/exec", self.execute),
            web.post("/initialize", self.initialize),
            web.post("/configure", self.configure),
            web.post("/restore", self.restore),
            web.post("/git/pull", self.pull),
            web.post("/git/changes", self.changes),
        ]

    async def health(self, _: web.Request) -> web.StreamResponse:
        return answer(self._workspace.health())

    async def bridge(self, request: web.Request) -> web.StreamResponse:
        member = _member(request)
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), heartbeat=HEARTBEAT, max_msg_size=MAX_MESSAGE, compress=False
        )
        if not socket.can_prepare(request).ok:
            raise InvalidInput(f"This is a WebSocket with the subprotocol {SUBPROTOCOL}.")
        await socket.prepare(request)
        log.info("bridge.connected", member=member.id, role=member.role)
        await Connection(member, self._dispatcher).serve(socket)
        await socket.close()
        log.info("bridge.disconnected", member=member.id)
        return socket

    async def logs(self, request: web.Request) -> web.StreamResponse:
        return await streams.logs(request, self._application.board, self._application.output)

    async def status(self, request: web.Request) -> web.StreamResponse:
        """`?wait=5` answers once it is neither installing nor starting, within so many seconds."""
        try:
            wait = min(max(float(request.query.get("wait", 0)), 0), LONGEST_WAIT)
        except ValueError:
            raise InvalidInput("wait is a number of seconds.", field="wait") from None
        return answer(await self._application.board.settled(within=wait) if wait else self._application.board.status)

    async def ports(self, _: web.Request) -> web.StreamResponse:
        """Beside the application's main one."""
        found = await asyncio.to_thread(listening)
        return answer(Ports(ports=[port for port in found if port != self._application.board.status.port][:MOST_PORTS]))

    async def activity(self, _: web.Request) -> web.StreamResponse:
        """What must not be frozen or stopped just now, and what firefly.yml asks of the server."""
        return answer(await self._activity.now())

    async def usage(self, _: web.Request) -> web.StreamResponse:
        return answer(await asyncio.to_thread(usage.measure))

    async def act(self, request: web.Request) -> web.StreamResponse:
        match request.match_info["action"]:
            case "start":
                return answer(await self._application.start(_WHO))
            case "stop":
                return answer(await self._application.stop(_WHO))
            case "restart":
                return answer(await self._application.restart(_WHO))
            case "prepare":
                status = await self._application.prepare()
                await self._workspace.settle()
                return answer(status)
            case "install":
                return answer(await self._application.install(_WHO))
        raise NotFound("An application can be started, stopped, restarted and installed.")

    async def execute(self, request: web.Request) -> web.StreamResponse:
        command = await params(request, ExecParams)
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await streams.command(request, self._execution, command)
        return answer(await streams.while_heard(request, self._execution.execute(command)))

    async def initialize(self, request: web.Request) -> web.StreamResponse:
        if "archive" not in request.query:
            return answer(await self._workspace.initialize(await params(request, InitializeParams)))
        if request.query["archive"] == "changes":
            with self._workspace.scratch() as changes:
                await _save(request, changes, most=MOST_CHANGES)
                return answer(await self._workspace.initialize_remix(changes, onto="onto" in request.query))
        with NamedTemporaryFile(prefix="firefly-archive-") as file:
            await _save(request, cast(BinaryIO, file))
            return answer(await self._workspace.initialize_from(Path(file.name)))

    async def configure(self, request: web.Request) -> web.StreamResponse:
        return answer(await self._workspace.configure(await params(request, Configuration)))

    async def restore(self, _: web.Request) -> web.StreamResponse:
        return answer(await self._workspace.restore())

    async def pull(self, request: web.Request) -> web.StreamResponse:
        return answer(await self._workspace.pull((await params(request, PullParams)).ref))

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """What is not in the hosted repository, for a remix."""
        with self._workspace.scratch() as file:
            await self._workspace.pack_changes(await params(request, CarryParams), file)
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            headers = {"Content-Type": "application/x-tar"}
            return await send_file(request, file, size=size, headers=headers)


def _member(request: web.Request) -> Member:
    try:
        return Member.model_validate_json(request.headers.get(MEMBER_HEADER, ""))
    except ValidationError as error:
        raise Forbidden(f"The header {MEMBER_HEADER} does not say who this is.") from error


async def _save(request: web.Request, file: BinaryIO, *, most: int = MOST_ARCHIVE) -> None:
    total = 0
    async for block in request.content.iter_any():
        total += len(block)
        if total > most:
            raise TooLarge(f"An archive may have {most >> 20} MiB at most.", field="archive")
        await asyncio.to_thread(file.write, block)
    await asyncio.to_thread(file.flush)
