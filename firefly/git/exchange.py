"""One git service on one repository, between the bytes of a caller from inside a sandbox and git."""

from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from .command import Git, tail
from .flow import PIECE, Flow, background
from .model import Service
from .receiving import CommandReader, ReportReader


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose sandbox is calling, the repository at `path` that is its project's, and the two ways of bytes."""

    workspace_id: UUID
    project_id: UUID
    path: Path
    body: AsyncIterator[bytes]
    writer: StreamWriter


async def exchange(
    git: Git,
    path: Path,
    service: Service,
    body: AsyncIterator[bytes],
    writer: StreamWriter,
    *,
    report: ReportReader | None = None,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run `service` on the repository at `path` to its end; `report` reads along what git answers.

    Raises what `body` raises.
    """
    arguments = [service.removeprefix("git-"), str(path)]
    async with git.process(*arguments, stdin=True, settings=settings) as process:
        flow = Flow(process)
        async with background(tail(process.stderr)), background(flow.pump(body)) as pump:
            async for piece in flow.output():
                if report is not None:
                    report.feed(piece)
                writer.write(piece)
                await writer.drain()
            if pump.done() and not pump.cancelled() and (failure := pump.exception()):
                raise failure


async def read_commands(
    body: AsyncIterator[bytes], begin: Callable[[CommandReader], Awaitable[None]]
) -> AsyncIterator[bytes]:
    """The same bytes; git gets the first of them when `begin`, called with the whole of the commands, has returned."""
    commands, head = CommandReader(), bytearray()
    async for piece in body:
        if commands.done:
            yield piece
            continue
        head += piece
        commands.feed(piece)
        if commands.done:
            await begin(commands)
            yield bytes(head)


async def pieces(reader: StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE):
        yield piece
