"""git's smart HTTP protocol for hosted repositories, free of any web framework."""

import asyncio
import contextlib
import re
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import structlog

from ..errors import FireflyError, InvalidInput
from . import beginning
from .command import Git, last_line, tail
from .flow import Flow, background
from .model import PushListener, PushRecorded, RefChange, Service
from .pktline import FLUSH, packet, remote_message
from .pushes import PendingPush, Pushes
from .receiving import CommandReader, ReportReader
from .repositories import Repositories

log = structlog.get_logger()

_LISTENER_LIMIT = 45.0
_PROTOCOL = re.compile(r"version=[0-2]")
NOT_RECORDED = "Firefly's database is away: the push is in the repository and will be taken up when it is back."


class SmartHTTP:
    """The caller has authenticated and authorised already: UPLOAD_PACK needs Action.FETCH, RECEIVE_PACK Action.PUSH.

    Content types: `application/x-<service>-advertisement` for advertise, `application/x-<service>-result` for serve.
    Use both streams under `contextlib.aclosing`: closing one early ends its git process.
    """

    def __init__(
        self, *, git: Git, repositories: Repositories, pushes: Pushes, listener: PushListener | None = None
    ) -> None:
        self._git = git
        self._repositories = repositories
        self._pushes = pushes
        self.listener = listener
        self._settling: set[asyncio.Task[Sequence[str]]] = set()

    async def advertise(self, project_id: UUID, service: Service, *, protocol: str = "") -> AsyncGenerator[bytes, None]:
        """Answer `GET info/refs?service=…`. `protocol` is the Git-Protocol field. Raises NotFound, Unavailable."""
        path = await self._repositories.existing(project_id)
        version = _version(protocol, service)
        arguments = [service.removeprefix("git-"), "--http-backend-info-refs", str(path)]
        begun = await beginning.untouched(self._git, path) if service is Service.RECEIVE_PACK else None
        hidden = beginning.hiding(begun)
        async with (
            self._git.process(*arguments, settings=hidden, environment={"GIT_PROTOCOL": version}) as process,
            background(tail(process.stderr)),
        ):
            if version != "version=2":
                yield packet(f"# service={service}\n".encode()) + FLUSH
            async for piece in Flow(process).output():
                yield piece

    async def serve(
        self,
        project_id: UUID,
        service: Service,
        body: AsyncIterator[bytes],
        *,
        protocol: str = "",
        pusher_id: UUID | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Answer `POST git-upload-pack` and `POST git-receive-pack`; `body` is already gunzipped.

        A push is in PostgreSQL before the answer ends. Raises InvalidInput, TooLarge, NotFound, Unavailable
        before the first byte; later failures are told to the client by sideband.
        """
        async with contextlib.aclosing(await self._answer(project_id, service, body, protocol, pusher_id)) as answer:
            async for piece in answer:
                yield piece

    async def _answer(
        self, project_id: UUID, service: Service, body: AsyncIterator[bytes], protocol: str, pusher_id: UUID | None
    ) -> AsyncGenerator[bytes, None]:
        path = await self._repositories.existing(project_id)
        if service is Service.UPLOAD_PACK:
            return self._exchange(path, service, body, _version(protocol, service))
        commands, head = await _read_commands(body)
        if not commands.changes:
            return self._exchange(path, service, _joined(head, body), "")
        begun, first = await beginning.untouched(self._git, path), None
        if begun is not None:
            head, first = beginning.give_way(begun, commands, head)
        push = await self._pushes.begin(project_id, pusher_id=pusher_id, via="http", changes=commands.changes)
        return self._receive(path, push, commands, _joined(head, body), first=first)

    async def _exchange(
        self, path: Path, service: Service, body: AsyncIterator[bytes], version: str
    ) -> AsyncGenerator[bytes, None]:
        arguments = [service.removeprefix("git-"), "--stateless-rpc", str(path)]
        environment = {"GIT_PROTOCOL": version}
        async with (
            self._git.process(*arguments, environment=environment, stdin=True) as process,
            background(tail(process.stderr)) as errors,
            _flowing(process, body) as flow,
        ):
            async for piece in flow.output():
                yield piece
            if await process.wait():
                log.info("git.ended", service=service, status=process.returncode, reason=last_line(await errors))

    async def _receive(
        self,
        path: Path,
        push: PendingPush,
        commands: CommandReader,
        body: AsyncIterator[bytes],
        *,
        first: RefChange | None,
    ) -> AsyncGenerator[bytes, None]:
        """As _exchange, but the end is held back until the push is settled and the pusher told.

        `first`: its change from what the project began with.
        """
        report = ReportReader(sideband=commands.sideband)
        held = b""
        settled = False
        try:
            async with contextlib.aclosing(self._exchange(path, Service.RECEIVE_PACK, body, "")) as pieces:
                async for piece in pieces:
                    report.feed(piece)
                    held += piece
                    if len(held) > len(FLUSH):
                        yield held[: -len(FLUSH)]
                        held = held[-len(FLUSH) :]
            settled = True
            lines = await self._settle_whole(push, report)
        finally:
            # The pusher went away, but git may have taken the push all the same.
            if not settled:
                await self._settle_whole(push, report)
        if commands.sideband and held == FLUSH:
            if first and lines and await beginning.is_replaced(self._git, path, first):
                lines = [beginning.REPLACED, *lines]
            yield b"".join(remote_message(line) for line in lines)
        yield held

    async def _settle_whole(self, push: PendingPush, report: ReportReader) -> Sequence[str]:
        """Goes on to its end though the pusher goes away meanwhile: the workspace is to follow all the same."""
        task = asyncio.create_task(self._settle(push, report), name=f"push {push.id}")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return await asyncio.shield(task)

    async def _settle(self, push: PendingPush, report: ReportReader) -> Sequence[str]:
        """Returns lines for the pusher; never raises for what is not the pusher's fault."""
        try:
            recorded = await self._pushes.settle(push, report.accepted(push.changes) if report.seen else None)
        except FireflyError as error:
            log.error("push.unrecorded", push_id=str(push.id), reason=error.detail)
            return [NOT_RECORDED]
        if recorded is None:
            return []
        return [*recorded.told, *(await self._heeded(recorded) if self.listener is not None else ())]

    async def _heeded(self, push: PushRecorded) -> Sequence[str]:
        assert self.listener is not None
        try:
            async with asyncio.timeout(_LISTENER_LIMIT):
                return await self.listener.pushed(push)
        except TimeoutError:
            return ["The workspace was not updated: it took too long. Pull in its terminal."]
        except FireflyError as error:
            log.warning("push.unheeded", push_id=str(push.id), reason=error.detail)
            return [f"Firefly has it, but the workspace was not updated: {error.detail}"]


def _version(protocol: str, service: Service) -> str:
    return protocol if service is Service.UPLOAD_PACK and _PROTOCOL.fullmatch(protocol) else ""


async def _read_commands(body: AsyncIterator[bytes]) -> tuple[CommandReader, bytes]:
    """The commands, and the bytes that were read to know them."""
    commands = CommandReader()
    head = bytearray()
    async for piece in body:
        head += piece
        commands.feed(piece)
        if commands.done:
            return commands, bytes(head)
    raise InvalidInput("The push ended before it said what it wants.")


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in rest:
        yield piece


@contextlib.asynccontextmanager
async def _flowing(process: Process, body: AsyncIterator[bytes]) -> AsyncIterator[Flow]:
    flow = Flow(process)
    async with background(flow.pump(body)):
        yield flow
