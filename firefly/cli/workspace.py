"""`firefly workspace`: open, list, discard workspaces of one's own beside the shared one of a project."""

from typing import Annotated

import typer

from firefly.client.workspaces import Workspace

from .command import Cli, ProjectPath, command, resolve
from .jobs import follow

app = typer.Typer(no_args_is_help=True, help="Workspaces of your own, beside the one that a project's members share.")
SHARED = "shared"


def _whose(workspace: Workspace) -> str:
    return workspace.member or SHARED


@command(app, "open")
async def open_workspace(cli: Cli, project: ProjectPath) -> None:
    """Open a workspace of your own, with what the default branch has now; again, the same one."""
    async with cli.client() as client:
        path = await resolve(client, project)
        opened = await client.workspaces(*path).open()
        if opened.job is not None:
            await follow(cli, client, opened.job)
    cli.show(opened, f"{opened.urls.editor}\nCommands reach it as {'/'.join(path)}@{opened.member}.")


@command(app, "list")
async def list_workspaces(cli: Cli, project: ProjectPath) -> None:
    """List the shared workspace and your own; owners see everybody's."""
    async with cli.client() as client:
        found = await client.workspaces(*await resolve(client, project)).all()
    columns = {
        "WORKSPACE": _whose,
        "SANDBOX": lambda w: w.state,
        "SINCE": lambda w: f"{w.since:%Y-%m-%d %H:%M}",
        "NOTE": lambda w: "" if w.open else "its member may not use it any more",
        "PREVIEW": lambda w: w.urls.preview,
    }
    cli.table(found, columns, "There is none.")


@command(app)
async def discard(
    cli: Cli,
    project: ProjectPath,
    member: Annotated[str, typer.Argument(help="Whose. Default: yours.")] = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Also when that loses what is nowhere else.")] = False,
) -> None:
    """Delete a workspace of your own for good, or as an owner that of a member."""
    async with cli.client() as client:
        path = await resolve(client, project)
        whose = member or (await client.me()).account.name
        await client.workspaces(*path).discard(whose, anyway=anyway)
    cli.show({"member": whose}, f"The workspace of {whose} is gone.")
