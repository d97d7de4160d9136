"""`firefly files`: get, put, ls."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from firefly.protocol.files import Kind

from .command import Cli, Failure, ProjectPath, command, resolve
from .upload import read_pieces

app = typer.Typer(no_args_is_help=True, help="Read and write files of a project.")


@command(app)
async def ls(
    cli: Cli, project: ProjectPath, path: Annotated[str, typer.Argument(help="A folder of the project.")] = ""
) -> None:
    """List a folder."""
    async with cli.client() as client, client.files(*await resolve(client, project)) as files:
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
    project: ProjectPath,
    path: Annotated[str, typer.Argument(help="A file of the project.")],
    to: Annotated[Path | None, typer.Argument(help="Where to write it. Default: standard output.")] = None,
) -> None:
    """Read a file."""
    async with cli.client() as client, client.files(*await resolve(client, project)) as files:
        if to is not None:
            size = 0
            async with files.open_file(path) as response:
                with to.open("wb") as target:
                    async for piece in response.content.iter_any():
                        size += target.write(piece)
            cli.show({"path": path, "size": size, "file": str(to)}, f"{to}: {size} bytes")
            return
        found = await files.read_file(path)
    sys.stdout.buffer.write(found.data)
    sys.stdout.buffer.flush()


@command(app)
async def put(
    cli: Cli,
    project: ProjectPath,
    file: Annotated[Path, typer.Argument(help="A file of this machine.")],
    path: Annotated[str | None, typer.Argument(help="Where in the project. Default: the file's name.")] = None,
    version: Annotated[str | None, typer.Option(help="Only over this version, as `--json` told it.")] = None,
) -> None:
    """Write a file."""
    if not file.is_file():
        raise Failure(f"{file} is not a file.")
    target = path or file.name
    async with cli.client() as client, client.files(*await resolve(client, project)) as files:
        written = await files.write_file(target, read_pieces(file), **({"version": version} if version else {}))
    cli.show(written, f"{target}: {written.size} bytes, version {written.version}")
