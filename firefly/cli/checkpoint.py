"""`firefly checkpoint`: list, show, restore."""

import sys
from typing import Annotated

import typer

from firefly.client.models import Checkpoint

from .command import Cli, ProjectPath, command, resolve

app = typer.Typer(no_args_is_help=True, help="See what was kept of a project's files, and go back to it.")
Id = Annotated[str, typer.Argument(help="A checkpoint, as `list` shows it.")]


@command(app, "list")
async def list_checkpoints(
    cli: Cli, project: ProjectPath, limit: Annotated[int, typer.Option(help="How many, 200 at most.")] = 20
) -> None:
    """List checkpoints, newest first."""
    async with cli.client() as client:
        found = await client.checkpoints(*await resolve(client, project), limit=limit)
    columns = {
        "CHECKPOINT": lambda one: one.id,
        "AT": lambda one: f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}",
        "BRANCH": lambda one: one.branch,
        "FILES": _files,
    }
    cli.table(found, columns, "Nothing was kept yet: the hosted repository has all there is.")


def _files(one: Checkpoint) -> str:
    more = f" and {one.files - 3} more" if one.files > 3 else ""
    return ", ".join(one.paths[:3]) + more


@command(app)
async def show(
    cli: Cli, project: ProjectPath, id: Id, path: Annotated[str, typer.Argument(help="A file of the project.")]
) -> None:
    """Print a file as it was then."""
    async with cli.client() as client:
        data = await client.checkpoint_file(*await resolve(client, project), id, path)
    if cli.as_json:
        cli.show({"path": path, "size": len(data), "text": data.decode(errors="replace")}, "")
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@command(app)
async def restore(
    cli: Cli,
    project: ProjectPath,
    id: Id,
    paths: Annotated[list[str] | None, typer.Argument(help="Files and folders. Default: everything.")] = None,
) -> None:
    """Have files as they were then; what is there now is kept first, as a checkpoint."""
    async with cli.client() as client:
        count = await client.restore_checkpoint(*await resolve(client, project), id, paths or None)
    told = "One file is as it was." if count == 1 else f"{count} files are as they were."
    cli.show({"files": count}, f"{told} To undo it, restore the newest checkpoint before this.")
