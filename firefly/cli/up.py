"""`firefly up`: serve a folder as a project, kept in step both ways."""

import asyncio
import io
import re
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from watchfiles import awatch

from firefly.client import FireflyClient
from firefly.client.bridge import BridgeClient
from firefly.client.bridge_connection import BridgeConnection, Notification
from firefly.client.models import Project
from firefly.errors import FireflyError
from firefly.protocol.files import FilesChanged, Kind

from .command import Cli, Failure, command
from .folder import Folder
from .jobs import follow
from .sync import State, Sync

FIRST_WAIT, LONGEST_WAIT = 1.0, 15.0
PASSING = (FireflyError, aiohttp.ClientError, ConnectionError, TimeoutError)


def register(app: typer.Typer) -> None:
    command(app)(up)


async def up(
    cli: Cli,
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder.")] = Path("."),
    name: Annotated[str | None, typer.Option(help="The project's name. Default: the folder's.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Bring both in step, then end.")] = False,
) -> None:
    """Serve a folder as a project: edits here appear there, and edits there appear here."""
    if not directory.is_dir():
        raise Failure(f"{directory} is not a folder.")
    folder, state = Folder(directory), State.load(directory, cli.server)
    async with cli.client() as client:
        project = await _find_or_make(cli, client, folder, state, name)
        cli.show(project, f"{project.path}\n  preview {project.urls.preview}\n  editor  {project.urls.editor}")
        async with client.files(project.owner, project.name) as bridge:
            sync = Sync(folder, bridge, state, cli.note)
            try:
                await _keep_in_step(cli, sync, bridge, folder, state, once=once)
            finally:
                state.save()


async def _find_or_make(cli: Cli, client: FireflyClient, folder: Folder, state: State, name: str | None) -> Project:
    """The project that the folder was before; else one of that name; else a new one made of the folder's files."""
    me = (await client.me()).account.name
    owner, wanted = (state.owner, state.name) if state.owner and not name else (me, name or name_for(folder.root))
    found = {project.path: project for project in await client.projects.all()}.get(f"{owner}/{wanted}")
    if found is None:
        found = await _make(cli, client, folder, wanted)
        state.known = {}
    if (state.owner, state.name) != (found.owner, found.name):
        state.owner, state.name, state.known = found.owner, found.name, {}
    state.save()
    return found


async def _make(cli: Cli, client: FireflyClient, folder: Folder, name: str) -> Project:
    files = await asyncio.to_thread(folder.files)
    if not files:
        return await client.projects.create(name, template="static")
    made = await client.projects.upload(name, _packed(folder, files), filename=f"{name}.tar.gz")
    if made.job is not None:
        await follow(cli, client, made.job)
    return made


async def _packed(folder: Folder, files: list[str]) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(pack, folder, files)


def pack(folder: Folder, files: list[str]) -> bytes:
    """A tar.gz of the files, without owners and times of this machine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in files:
            data = folder.read(path)
            if data is None:
                continue
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if (folder.root / path).stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def name_for(root: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:39].rstrip("-")
    if not name:
        raise Failure("The folder's name makes no project's name. Give one with --name.")
    return name


async def _keep_in_step(
    cli: Cli, sync: Sync, bridge: BridgeClient, folder: Folder, state: State, *, once: bool
) -> None:
    """Connect, compare, follow; when the connection breaks, again."""
    wait = FIRST_WAIT
    while True:
        try:
            async with bridge.connect() as connection:
                await connection.hello("firefly up")
                await connection.watch()
                await sync.settle_all(await _paths(connection))
                state.save()
                wait = FIRST_WAIT
                if once:
                    return
                cli.note("In step. Ctrl-C ends.")
                await _follow_both(sync, connection, folder, state)
        except (*PASSING, ExceptionGroup) as error:
            reason = passing_reason(error)
            if once:
                raise Failure(str(reason)) from error
            cli.note(f"Connection lost, trying again: {reason}")
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


def passing_reason(error: Exception) -> Exception:
    """The first of what went wrong, when all of it may pass by itself; else it is raised."""
    if not isinstance(error, ExceptionGroup):
        return error
    _, other = error.split(PASSING)
    if other is not None:
        raise error
    return passing_reason(error.exceptions[0])


async def _paths(connection: BridgeConnection) -> list[str]:
    index = await connection.index()
    if index.truncated:
        raise Failure("The project has more files than can be kept in step. Add what is built to .gitignore.")
    return index.paths


async def _follow_both(sync: Sync, connection: BridgeConnection, folder: Folder, state: State) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        here = group.create_task(_follow_here(sync, folder, state, stop))
        try:
            await _follow_there(sync, connection, state)
        finally:
            stop.set()
            here.cancel()


async def _follow_here(sync: Sync, folder: Folder, state: State, stop: asyncio.Event) -> None:
    async for changes in awatch(folder.root, stop_event=stop, step=50, watch_filter=None, raise_interrupt=False):
        paths = {name for _, path in changes if (name := folder.relative(path))}
        if ".gitignore" in paths:
            folder.reload()
        if paths:
            await sync.changed_here(paths)
            state.save()


async def _follow_there(sync: Sync, connection: BridgeConnection, state: State) -> None:
    """Returns when the connection ends."""
    async for item in connection.incoming():
        if not isinstance(item, Notification) or item.method != "files.changed":
            continue
        told = FilesChanged.model_validate(item.params)
        if told.missed:
            await sync.settle_all(await _paths(connection))
        for change in told.changes:
            if change.kind is not Kind.FOLDER:
                await sync.changed_there(change.path, change.version)
        state.save()
