"""`firefly checkpoint`: list, diff, show, restore, status."""

import sys
from typing import Annotated

import typer

from firefly.client.checkpoints import Checkpoint, FileChange, RefusedFile

from .command import Cli, WorkspacePath, command, within

app = typer.Typer(no_args_is_help=True, help="See what was kept of a project's files, and go back to it.")
Id = Annotated[str, typer.Argument(help="A checkpoint, as `list` shows it.")]


@command(app, "list")
async def list_checkpoints(
    cli: Cli, project: WorkspacePath, limit: Annotated[int, typer.Option(help="How many, 200 at most.")] = 20
) -> None:
    """List checkpoints, newest first."""
    async with cli.client() as client:
        found = await client.checkpoints(*await within(client, project)).newest(limit=limit)
    columns = {
        "CHECKPOINT": lambda one: one.id,
        "AT": lambda one: f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}",
        "BRANCH": lambda one: one.branch,
        "LINES": lambda one: f"+{one.added} -{one.removed}",
        "FILES": _files,
    }
    cli.table(found, columns, "Nothing was kept yet: the hosted repository has all there is.")


def _files(one: Checkpoint) -> str:
    more = f" and {one.files - 3} more" if one.files > 3 else ""
    return ", ".join(one.paths[:3]) + more


@command(app)
async def diff(
    cli: Cli,
    project: WorkspacePath,
    id: Id,
    path: Annotated[str | None, typer.Argument(help="A file or folder. Default: everything.")] = None,
    now: Annotated[bool, typer.Option("--now", help="With what there is now, not with the checkpoint before.")] = False,
    stat: Annotated[bool, typer.Option("--stat", help="Names and numbers of lines only.")] = False,
) -> None:
    """Print what a checkpoint changed, or with --now what has changed since; --json lists the files."""
    against = "now" if now else "before"
    async with cli.client() as client:
        place = await within(client, project)
        if not (stat or cli.as_json):
            sys.stdout.buffer.write(await client.checkpoints(*place).diff(id, against=against, path=path))
            sys.stdout.buffer.flush()
            return
        found = await client.checkpoints(*place).changes(id, against=against)
    meant = [one for one in found if path is None or one.path == path or one.path.startswith(f"{path.rstrip('/')}/")]
    columns = {"FILE": lambda one: one.path, "CHANGE": lambda one: one.change, "LINES": _lines}
    cli.table(meant, columns, "Nothing differs.")


def _lines(one: FileChange) -> str:
    return "" if one.added is None else f"+{one.added} -{one.removed}"


@command(app)
async def status(cli: Cli, project: WorkspacePath) -> None:
    """Say whether every edit is kept, and which files cannot be."""
    async with cli.client() as client:
        found = await client.checkpoints(*await within(client, project)).status()
    kept = "Every edit is kept." if found.kept else "The latest edits are being kept."
    cli.show(found, "\n".join([found.error or kept, *map(_refused, found.refused)]))


def _refused(one: RefusedFile) -> str:
    return f"Not kept: {one.path} ({one.size / 2**20:.1f} MiB). {one.reason} {one.remedy}".rstrip()


@command(app)
async def show(
    cli: Cli, project: WorkspacePath, id: Id, path: Annotated[str, typer.Argument(help="A file of the project.")]
) -> None:
    """Print a file as it was then."""
    async with cli.client() as client:
        data = await client.checkpoints(*await within(client, project)).file(id, path)
    if cli.as_json:
        cli.show({"path": path, "size": len(data), "text": data.decode(errors="replace")}, "")
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@command(app)
async def restore(
    cli: Cli,
    project: WorkspacePath,
    id: Id,
    paths: Annotated[list[str] | None, typer.Argument(help="Files and folders. Default: everything.")] = None,
) -> None:
    """Have files as they were then; what is there now is kept first, as a checkpoint."""
    async with cli.client() as client:
        done = await client.checkpoints(*await within(client, project)).restore(id, paths or None)
    told = "One file is as it was." if done.files == 1 else f"{done.files} files are as they were."
    undo = f" To undo it: firefly checkpoint restore {project} {done.undo}" if done.undo else ""
    cli.show(done, told + " ".join([undo, *(paths or [])]).rstrip())
