"""`firefly user connections`: to GitHub, GitLab, Bitbucket, Gitea and Forgejo. Tokens are never arguments."""

import sys
from typing import Annotated
from uuid import UUID

import typer

from . import people
from .command import Cli, Failure, command
from .jobs import follow

app = typer.Typer(no_args_is_help=True, help="Accounts, and the connections of your own.")
connections = typer.Typer(no_args_is_help=True, help="Your connections to git providers.")
app.add_typer(connections, name="connections")
Name = Annotated[
    str, typer.Argument(help="`github`, `gitlab`, `bitbucket`, `bitbucketdc`, `gitea`, or the id of a connection.")
]
JobId = Annotated[UUID, typer.Argument(help="Of the import's job.")]


@command(connections, "list")
async def list_connections(cli: Cli) -> None:
    """List your connections, and whether they work."""
    async with cli.client() as client:
        found = await client.linking.connections()
    columns = {
        "PROVIDER": lambda c: c.provider,
        "URL": lambda c: c.url,
        "AS": lambda c: c.login,
        "STATE": lambda c: f"{c.state}: {c.reason}" if c.reason else c.state,
        "CHECKED": lambda c: f"{c.checked_at:%Y-%m-%d %H:%M}",
    }
    cli.table(found.connections, columns, "There are none. `firefly user connections connect` makes one.")
    for left in found.left:
        cli.note(f"The hook of {left.project} is still to be removed from {left.repository} there. {left.reason}")


@command(connections)
async def connect(
    cli: Cli,
    provider: Annotated[str, typer.Argument(help="`github`, `gitlab`, `bitbucket` or `gitea`.")],
    url: Annotated[str | None, typer.Option(help="Of one of your own. Default: the one of the server.")] = None,
    user: Annotated[str, typer.Option(help="The name that the token is sent with, where it needs one.")] = "",
) -> None:
    """Connect by a personal access token, which is asked for, or read from stdin."""
    async with cli.client() as client:
        page = next(
            (o.token_page for o in (await client.linking.connections()).providers if o.provider == provider), ""
        )
        token = _token(page)
        made = await client.linking.connect(provider, token, url=url, user=user)
    cli.show(made, f"You are connected to {made.url} as {made.login}.")


def _token(page: str) -> str:
    if not sys.stdin.isatty():
        token = sys.stdin.readline().strip()
    else:
        token = str(typer.prompt(f"A token ({page} makes one)", hide_input=True, err=True))
    if not token:
        raise Failure("There is no token on stdin.")
    return token


@command(connections)
async def check(cli: Cli, name: Name) -> None:
    """Ask the provider whether a connection still works."""
    async with cli.client() as client:
        found = await client.linking.check(name)
    cli.show(found, f"{found.url}: {found.state}. {found.reason}".strip())


@command(connections)
async def disconnect(cli: Cli, name: Name) -> None:
    """End a connection, at the provider as well where it can be asked to."""
    async with cli.client() as client:
        left = await client.linking.disconnect(name)
    cli.show({"left": left}, f"You are disconnected. {left}".strip())


@command(connections)
async def repositories(
    cli: Cli,
    name: Name,
    organisation: Annotated[str, typer.Option(help="Default: your own.")] = "",
    search: Annotated[str, typer.Option(help="A part of the name.")] = "",
) -> None:
    """List what can be imported."""
    found, cursor = [], ""
    async with cli.client() as client:
        while True:
            page = await client.linking.repositories(name, organisation=organisation, search=search, cursor=cursor)
            found += page.items
            if page.next is None:
                break
            cursor = page.next
    columns = {
        "REPOSITORY": lambda r: r.path,
        "SEEN BY": lambda r: "members" if r.private else "everybody",
        "YOU MAY": lambda r: r.permission,
        "PROJECTS": lambda r: ", ".join(f"{p.owner}/{p.name}" for p in r.projects),
    }
    cli.table(found, columns, "There is nothing that you can see.")


@command(connections)
async def resume(cli: Cli, job: JobId) -> None:
    """Begin a failed import, or the making of a link, where it failed."""
    async with cli.client() as client:
        await follow(cli, client, await client.linking.resume(job))
    cli.show({"job": str(job)}, "It is done.")


@command(connections)
async def undo(cli: Cli, job: JobId) -> None:
    """Take back what a failed import made, at the provider as well."""
    async with cli.client() as client:
        await client.linking.undo(job)
    cli.show({"job": str(job)}, "It is taken back.")


people.register_users(app)
