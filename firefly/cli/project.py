"""`firefly project`: create, list, show, import, remix, rename, delete, restore; links are in `link`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from firefly.client.models import Project

from . import hooks, link, people
from .command import Cli, ProjectPath, command, resolve
from .jobs import follow
from .upload import read_pieces

app = typer.Typer(no_args_is_help=True, help="Create, find and change projects.")
link.register(app)
app.add_typer(hooks.app, name="hooks")


def _describe(project: Project) -> str:
    lines = [f"{project.path}  ({project.visibility}, sandbox {project.sandbox})"]
    lines += [f"  {kind:8}{url}" for kind, url in project.urls]
    lines += [f"  {'remix of':8} {project.remix_of}"] if project.remix_of else []
    lines += [f"  {'remixes':8} {project.remixes}"] if project.remixes else []
    return "\n".join(lines)


@command(app)
async def create(
    cli: Cli,
    name: Annotated[str, typer.Argument(help="Small letters, digits and single hyphens.")],
    template: Annotated[str, typer.Option(help="See `firefly project templates`.")] = "static",
    description: Annotated[str | None, typer.Option(help="One sentence.")] = None,
    visibility: Annotated[str | None, typer.Option(help="`members` or `public`.")] = None,
) -> None:
    """Create a project from a template."""
    async with cli.client() as client:
        made = await client.projects.create(name, template=template, description=description, visibility=visibility)
    cli.show(made, _describe(made))
    cli.note(f"To have a repository of your own in it: git push {made.urls.git} HEAD:main")


@command(app, "import")
async def import_(
    cli: Cli,
    source: Annotated[
        str, typer.Argument(help="A git URL, an archive (zip, tar, tar.gz), or with --provider `owner/name` there.")
    ],
    name: Annotated[str | None, typer.Option(help="Default: the last part of the source.")] = None,
    provider: link.Provider = None,
    by_key: Annotated[bool, typer.Option("--by-key", help="Let git get in there by a key of its own.")] = False,
) -> None:
    """Create a project from a git URL, an archive or a provider's repository, and wait until it is filled."""
    wanted = name or _name_in(source)
    async with cli.client() as client:
        if provider is not None:
            made = await link.import_from(cli, client, provider, source, name, by_key=by_key)
            cli.show(made, _describe(made))
            return
        file = Path(source)
        if "://" not in source and await asyncio.to_thread(file.is_file):
            made = await client.projects.upload(wanted, read_pieces(file), filename=file.name)
        else:
            made = await client.projects.create(wanted, git_url=source)
        if made.job is not None:
            await follow(cli, client, made.job)
    cli.show(made, _describe(made))


@command(app)
async def remix(
    cli: Cli,
    project: ProjectPath,
    name: Annotated[str, typer.Argument(help="What the copy is to be called.")],
    description: Annotated[str | None, typer.Option(help="One sentence.")] = None,
    visibility: Annotated[str | None, typer.Option(help="`members` or `public`.")] = None,
) -> None:
    """Make a project of your own that begins as a copy of another one, and wait until it is filled."""
    async with cli.client() as client:
        source = "/".join(await resolve(client, project))
        made = await client.projects.create(name, remix_of=source, description=description, visibility=visibility)
        if made.job is not None:
            await follow(cli, client, made.job)
    cli.show(made, _describe(made))


def _name_in(source: str) -> str:
    name = source.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    for ending in (".git", ".tar.gz", ".tgz", ".zip", ".tar"):
        name = name.removesuffix(ending)
    return name.lower().replace("_", "-").replace(".", "-").replace(" ", "-").strip("-")


@command(app, "list")
async def list_projects(
    cli: Cli, deleted: Annotated[bool, typer.Option("--deleted", help="Those that can be restored.")] = False
) -> None:
    """List your projects, the newest change first."""
    async with cli.client() as client:
        found = await client.projects.all(deleted=deleted)
    columns = {
        "PROJECT": lambda p: p.path,
        "SANDBOX": lambda p: p.sandbox,
        "LAST CHANGE": lambda p: p.last_change.what,
        "PREVIEW": lambda p: p.urls.preview,
    }
    cli.table(found, columns, "There are no projects yet. `firefly project create NAME` makes one.")


@command(app)
async def show(cli: Cli, project: ProjectPath) -> None:
    """Show a project and its addresses."""
    async with cli.client() as client:
        found = await client.projects.get(*await resolve(client, project))
    cli.show(found, _describe(found))


@command(app)
async def rename(cli: Cli, project: ProjectPath, name: Annotated[str, typer.Argument(help="The new name.")]) -> None:
    """Rename a project; its old addresses redirect."""
    async with cli.client() as client:
        changed = await client.projects.change(*await resolve(client, project), {"name": name})
    cli.show(changed, _describe(changed))


@command(app)
async def delete(cli: Cli, project: ProjectPath) -> None:
    """Delete a project; it can be restored for 30 days."""
    async with cli.client() as client:
        gone = await client.projects.delete(*await resolve(client, project))
    cli.show(gone, f"{gone.path} is deleted. `firefly project restore {gone.path}` brings it back within 30 days.")


@command(app)
async def restore(cli: Cli, project: ProjectPath) -> None:
    """Restore a deleted project."""
    async with cli.client() as client:
        back = await client.projects.restore(*await resolve(client, project))
    cli.show(back, _describe(back))


@command(app)
async def templates(cli: Cli) -> None:
    """List the templates."""
    async with cli.client() as client:
        found = await client.templates()
    columns = {"TEMPLATE": lambda t: t.name, "TITLE": lambda t: t.title, "WHAT IT IS": lambda t: t.description}
    cli.table(found, columns, "This server has no templates.")


people.register_members(app)
