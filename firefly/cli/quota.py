"""`firefly quota`: what owners of projects use beside what they may, and its enforcement."""

from typing import Annotated

import typer

from .command import Cli, command

app = typer.Typer(no_args_is_help=True, help="What owners of projects use of builds and sites, and may.")
Owners = Annotated[list[str] | None, typer.Argument(help="Names of accounts. Default: all whom you may see.")]


@command(app)
async def check(cli: Cli, owners: Owners = None) -> None:
    """Show what you use, or as an administrator everybody; ends with 1 where something is too much."""
    async with cli.client() as client:
        found = await client.quotas.check(owners or ())
    columns = {
        "OWNER": lambda q: q.owner,
        "PROJECTS": lambda q: str(q.projects),
        "QUEUED": lambda q: str(q.queued),
        "RUNNING": lambda q: str(q.running),
        "MINUTES": lambda q: str(q.minutes),
        "SITES": lambda q: str(q.sites),
        "TOO MUCH": lambda q: ", ".join(q.exceeded),
    }
    cli.table(found, columns, "Nobody owns a project.")
    if any(quota.exceeded for quota in found):
        raise typer.Exit(1)


@command(app)
async def enforce(
    cli: Cli,
    owners: Owners = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="End nothing, and say what would be ended.")] = False,
) -> None:
    """End builds and sites that are more than their owners may have; for administrators."""
    async with cli.client() as client:
        ended = await client.quotas.enforce(owners or (), dry_run=dry_run)
    columns = {"OWNER": lambda one: one.owner, "WOULD END" if dry_run else "ENDED": lambda one: one.what}
    cli.table(ended, columns, "Nobody has more than he may.")
