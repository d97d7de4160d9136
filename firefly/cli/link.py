"""`firefly project link | unlink | compare | resolve | propose | join`, and what imports from a provider."""

from typing import Annotated

import typer

from firefly.client import FireflyClient
from firefly.client.linking import ProviderLink
from firefly.client.models import Project

from .command import Cli, Failure, ProjectPath, command, resolve
from .jobs import follow

Provider = Annotated[
    str | None, typer.Option(help="`github`, `gitlab`, `bitbucket`, `bitbucketdc`, `gitea`, or the id of a connection.")
]


def register(app: typer.Typer) -> None:
    command(app)(link)
    command(app)(unlink)
    command(app)(compare)
    command(app, "resolve")(choose)
    command(app)(propose)
    command(app)(join)


def describe(found: ProviderLink) -> str:
    lines = [f"{found.repository} at {found.provider}: {found.state}", f"  {found.web_url}"]
    lines += [f"  {reason}" for reason in dict.fromkeys((found.reason, found.mirror_reason)) if reason]
    lines += [f"  {one.ref}: {one.state} {one.reason}".rstrip() for one in found.refs]
    lines += ["  What was pushed here last is on its way."] if found.waits else []
    return "\n".join(lines)


async def link(
    cli: Cli,
    project: ProjectPath,
    provider: Provider = None,
    repository: Annotated[str | None, typer.Option(help="`owner/name` there.")] = None,
    create: Annotated[str | None, typer.Option(help="Make a repository of this name, `[organisation/]name`.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Let the new one be public.")] = False,
    by_key: Annotated[bool, typer.Option("--by-key", help="Let git get in by a key of its own.")] = False,
    mend: Annotated[bool, typer.Option("--mend", help="Go on with your own connection.")] = False,
) -> None:
    """Show a project's link to a repository at a provider, or make one."""
    async with cli.client() as client:
        owner, name = await resolve(client, project)
        if mend:
            await follow(cli, client, await client.linking.mend(owner, name))
        elif provider is not None:
            made = _new(create, public) if create else None
            job = await client.linking.link(owner, name, provider, repository=repository, create=made, by_key=by_key)
            await follow(cli, client, job)
        elif repository or create:
            raise Failure("Say at which --provider.")
        found = await client.linking.show(owner, name)
    cli.show(found, describe(found))


def _new(name: str, public: bool) -> dict[str, object]:
    organisation, _, short = name.rpartition("/")
    return {"name": short, "organisation": organisation or None, "private": not public}


async def unlink(cli: Cli, project: ProjectPath) -> None:
    """Part a project from its repository; hook and key are removed at the provider."""
    async with cli.client() as client:
        owner, name = await resolve(client, project)
        await client.linking.unlink(owner, name)
        left = [one for one in (await client.linking.connections()).left if one.project == f"{owner}/{name}"]
    told = f" What is left at {left[0].provider} is removed as soon as it lets us: {left[0].reason}" if left else ""
    cli.show({"project": f"{owner}/{name}"}, f"{owner}/{name} is linked no more.{told}")


async def compare(cli: Cli, project: ProjectPath) -> None:
    """Bring a project and its repository in step now."""
    async with cli.client() as client:
        found = await client.linking.compare(*await resolve(client, project))
    cli.show(found, describe(found))


async def choose(
    cli: Cli,
    project: ProjectPath,
    branch: Annotated[str, typer.Argument(help="On which both sides went on.")],
    choice: Annotated[
        str,
        typer.Argument(help="`theirs`: here as a new branch, to be merged. `ours`: kept as one, and theirs followed."),
    ],
    new: Annotated[str, typer.Option(help="The name of the new branch.")] = "",
) -> None:
    """Choose for a branch on which both sides went on. Nothing is overwritten."""
    async with cli.client() as client:
        made = await client.linking.resolve(*await resolve(client, project), branch, choice, new=new)
    cli.show(made, f"{'Theirs' if choice == 'theirs' else 'Ours'} is branch {made.branch} now.\n{describe(made.link)}")


async def propose(
    cli: Cli,
    project: ProjectPath,
    branch: Annotated[str, typer.Argument(help="What is to be merged.")],
    title: Annotated[str, typer.Argument(help="One line.")],
    into: Annotated[str, typer.Option(help="Default: the repository's default branch.")] = "",
) -> None:
    """Open a pull request at the provider."""
    async with cli.client() as client:
        made = await client.linking.propose(*await resolve(client, project), branch, title, base=into)
    cli.show(made, f"Pull request {made.number}: {made.url}\n  {made.compare_url}")


async def join(cli: Cli, project: ProjectPath) -> None:
    """Become a member of a project whose repository the provider lets you read."""
    async with cli.client() as client:
        owner, name = await resolve(client, project)
        role = await client.linking.join(owner, name)
    cli.show({"role": role}, f"You are {role} of {owner}/{name}.")


async def import_from(
    cli: Cli, client: FireflyClient, provider: str, repository: str, name: str | None, *, by_key: bool
) -> Project:
    """Import a provider's repository, and wait until it is filled and linked."""
    made = await client.linking.import_repository(provider, repository, name=name, by_key=by_key)
    if made.job is not None:
        try:
            await follow(cli, client, made.job)
        except Failure as failure:
            again = f"`firefly user connections resume {made.job.id}` goes on, `… undo {made.job.id}` takes it back."
            raise Failure(f"{failure} {again}") from None
    return made
