"""`firefly files`: get, put, ls."""

import asyncio
import base64
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from firefly.client.bridge import BridgeClient
from firefly.protocol.files import Kind

from .command import Cli, Failure, WorkspacePath, command, within
from .upload import read_pieces

app = typer.Typer(no_args_is_help=True, help="Read and write files of a project.")


@command(app)
async def ls(
    cli: Cli, project: WorkspacePath, path: Annotated[str, typer.Argument(help="A folder of the project.")] = ""
) -> None:
    """List a folder."""
    async with cli.client() as client, client.files(*await within(client, project)) as files:
        listing = await files.list_folder(path)
    columns = {
        "NAME": lambda e: f"{e.name}/" if e.kind is Kind.FOLDER else e.name,
        "SIZE": lambda e: "" if e.kind is Kind.FOLDER else str(e.size),
        "MODIFIED": lambda e: e.modified.strftime("%Y-%m-%d %H:%M"),
    }
    cli.table(listing.entries, columns, "The folder is empty.")


@command(app)
async def get(
    cli: Cli,
    project: WorkspacePath,
    path: Annotated[str, typer.Argument(help="A file of the project.")],
    to: Annotated[Path | None, typer.Argument(help="Where to write it. Default: standard output.")] = None,
) -> None:
    """Read a file."""
    async with cli.client() as client, client.files(*await within(client, project)) as files:
        if to is not None:
            if await asyncio.to_thread(to.is_dir):
                to = to / path.rpartition("/")[2]
            size = await _fetch(files, path, to)
            cli.show({"path": path, "size": size, "file": str(to)}, f"{to}: {size} bytes")
            return
        found = await files.read_file(path)
    if cli.as_json:
        cli.show({"path": path, "size": len(found.data), "version": found.version, **_contents(found.data)}, "")
        return
    sys.stdout.buffer.write(found.data)
    sys.stdout.buffer.flush()


async def _fetch(files: BridgeClient, path: str, to: Path) -> int:
    """The size. A file that was there stays whole until the new one is; a device or a pipe is written to as it is."""
    is_replaced = await asyncio.to_thread(lambda: to.is_file() or not to.exists())
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.firefly-part") if is_replaced else to
    size = 0
    try:
        async with files.open_file(path) as response:
            with part.open("wb") as target:
                async for piece in response.content.iter_any():
                    size += target.write(piece)
        if is_replaced:
            await asyncio.to_thread(os.replace, part, to)
    finally:
        if is_replaced:
            await asyncio.to_thread(part.unlink, missing_ok=True)
    return size


def _contents(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


@command(app)
async def put(
    cli: Cli,
    project: WorkspacePath,
    file: Annotated[Path, typer.Argument(help="A file of this machine.")],
    path: Annotated[str | None, typer.Argument(help="Where in the project. Default: the file's name.")] = None,
    version: Annotated[str | None, typer.Option(help="Only over this version, as `--json` told it.")] = None,
) -> None:
    """Write a file."""
    if not file.is_file():
        raise Failure(f"{file} is not a file.")
    target = path or file.name
    async with cli.client() as client, client.files(*await within(client, project)) as files:
        written = await files.write_file(target, read_pieces(file), **({"version": version} if version else {}))
    cli.show(written, f"{target}: {written.size} bytes, version {written.version}")
