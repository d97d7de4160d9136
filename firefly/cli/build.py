"""`firefly build`: start, list, show, log, cancel, kill, retry, rollback, approve, stop, explain, shell and more."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from firefly.client import FireflyClient
from firefly.client.build_models import Build, BuildSite

from . import build_settings, terminal
from .build_log import print_lines
from .build_names import BuildName, find, split
from .build_waiting import Follow, NoSite, Wait, ended, finish
from .build_words import describe
from .command import Cli, Failure, ProjectPath, command, resolve
from .explaining import is_folder, lines, look

app = typer.Typer(help="Build projects, and see what became of it.", no_args_is_help=True)
# A build ends within a second of being killed; where its server is busy or away, nobody waits for longer.
DYING = 10.0
Grow = Annotated[bool, typer.Option("--follow", "-f", help="Print it as it grows.")]


def _site(site: BuildSite) -> str:
    return site.url if site.state == "live" else "did not start" if site.state == "failed" else ""


@command(app)
async def start(
    cli: Cli,
    project: Annotated[
        str, typer.Argument(metavar="PROJECT", help="`owner/name`, or a name of your own; `name#12`: start that site.")
    ],
    ref: Annotated[str | None, typer.Option("--ref", help="A branch, or a whole ref. Default: the main one.")] = None,
    commit: Annotated[str | None, typer.Option(help="Its 40 digits. Default: the branch's newest.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also what was built before, without its artifact.")] = False,
    wait: Wait = False,
    follow: Follow = False,
    no_site: NoSite = False,
) -> None:
    """Build a branch. Of a build that is named, show the site again."""
    path, number = split(project)
    async with cli.client() as client:
        owner, name = await resolve(client, path)
        if number is not None:
            build = await client.builds.act((await client.builds.numbered(owner, name, number)).id, "start")
        else:
            build = await client.builds.start(owner, name, ref=ref, commit=commit, forced=force)
            if build.is_over:
                cli.note(f"{build.name} has built this commit already; --force builds it again.")
        await finish(cli, client, build, wait=wait, follow=follow, no_site=no_site)


@command(app, "list")
async def list_builds(
    cli: Cli,
    project: ProjectPath,
    ref: Annotated[str | None, typer.Option("--ref", help="Of this branch.")] = None,
    state: Annotated[str | None, typer.Option(help="As in `failed`.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest of them.")] = 30,
) -> None:
    """List the builds of a project, the newest first."""
    async with cli.client() as client:
        found = await client.builds.newest(*await resolve(client, project), ref=ref, state=state, most=limit)
    columns = {
        "BUILD": lambda b: f"#{b.number}",
        "STATE": lambda b: b.state.replace("_", " "),
        "BRANCH": lambda b: b.branch,
        "COMMIT": lambda b: b.commit[:10],
        "BY": lambda b: f"{b.trigger} {b.by}".strip(),
        "SECONDS": lambda b: "" if b.seconds is None else f"{b.seconds:.0f}",
        "SUBJECT": lambda b: b.subject,
        "SITE": lambda b: _site(b.site) if b.site else "",
    }
    nothing = f"Nothing was built yet. `firefly build start {project}` begins."
    cli.table(found, columns, "No build is like that." if ref or state else nothing)


@command(app)
async def show(cli: Cli, build: BuildName) -> None:
    """Show a build, its steps, its failure and its site."""
    async with cli.client() as client:
        found = await client.builds.get((await find(client, build)).id)
    cli.show(found, describe(found))


@command(app)
async def log(
    cli: Cli,
    build: BuildName,
    follow: Grow = False,
    tail: Annotated[int | None, typer.Option(min=1, help="Begin so many lines before its end.")] = None,
    search: Annotated[str, typer.Option(help="Only lines that hold this text.")] = "",
    step: Annotated[int | None, typer.Option(min=0, help="Only those of the step at this position.")] = None,
) -> None:
    """Print the log of a build."""
    if follow and (search or step is not None):
        raise typer.BadParameter("--follow prints every line: leave out --search and --step.")
    async with cli.client() as client:
        found = await find(client, build)
        if follow:
            await print_lines(cli, client, found, client.builds.follow(found.id, tail=tail))
        else:
            lines = client.builds.log(found.id, tail=tail, search=search, step=step)
            if not await print_lines(cli, client, found, lines):
                cli.note("No line of it is like that." if search or step is not None else "It has printed nothing.")


async def _act(cli: Cli, client: FireflyClient, build: Build, action: str) -> None:
    changed = await client.builds.act(build.id, action)
    cli.show(changed, describe(changed))


@command(app)
async def cancel(cli: Cli, build: BuildName) -> None:
    """End a build that waits or runs."""
    async with cli.client() as client:
        await _act(cli, client, await find(client, build), "cancel")


@command(app)
async def kill(cli: Cli, build: BuildName) -> None:
    """End a build that waits or runs; it counts as killed."""
    async with cli.client() as client:
        killed = await client.builds.act((await find(client, build)).id, "kill")
        with suppress(TimeoutError):
            async with asyncio.timeout(DYING):
                killed = await ended(cli, client, killed)
    cli.show(killed, describe(killed))


@command(app)
async def retry(
    cli: Cli, build: BuildName, wait: Wait = False, follow: Follow = False, no_site: NoSite = False
) -> None:
    """Build the same commit again."""
    async with cli.client() as client:
        again = await client.builds.act((await find(client, build)).id, "retry")
        await finish(cli, client, again, wait=wait, follow=follow, no_site=no_site)


@command(app)
async def rollback(
    cli: Cli, build: BuildName, wait: Wait = False, follow: Follow = False, no_site: NoSite = False
) -> None:
    """Have an earlier build's commit shown as its branch's newest again, by the artifact that is kept of it."""
    async with cli.client() as client:
        earlier = await find(client, build)
        again = await client.builds.start(*earlier.project.split("/"), ref=earlier.ref, commit=earlier.commit)
        await finish(cli, client, again, wait=wait, follow=follow, no_site=no_site)


@command(app)
async def approve(cli: Cli, build: BuildName) -> None:
    """Let what a fork asks for be built: this commit of it."""
    async with cli.client() as client:
        await _act(cli, client, await find(client, build), "approve")


@command(app)
async def stop(
    cli: Cli,
    build: BuildName,
    every: Annotated[bool, typer.Option("--all", help="The sites of all branches of the project.")] = False,
) -> None:
    """Stop the site of a build, until somebody starts it."""
    async with cli.client() as client:
        if not every:
            await _act(cli, client, await find(client, build), "stop")
            return
        shown = [one.site for one in await client.builds.branches(*await resolve(client, split(build)[0])) if one.site]
        stopped = [await client.builds.act(site.build_id, "stop") for site in shown if site.state == "live"]
    cli.show(stopped, "\n".join(one.name for one in stopped) or "No site runs.")


@command(app)
async def explain(
    cli: Cli,
    target: Annotated[
        str, typer.Argument(metavar="[FOLDER|BUILD]", help="A folder here (default: this one), or a build or project.")
    ] = ".",
) -> None:
    """Tell how a folder, or a build's commit, is installed, built, tested and run, and why; nothing is done."""
    if await asyncio.to_thread(is_folder, target, logged_in=bool(cli.token)):
        found = await asyncio.to_thread(look, Path(target))
    else:
        async with cli.client() as client:
            found = await client.builds.explain((await find(client, target)).id)
    cli.show(found, "\n".join(lines(found)))


@command(app)
async def shell(cli: Cli, build: BuildName) -> None:
    """Open a terminal in the sandbox of a build that failed, while it is kept."""
    if not sys.stdin.isatty():
        raise Failure("A shell needs a terminal.")
    async with cli.client() as client, client.builds.sandbox((await find(client, build)).id) as bridge:
        raise typer.Exit(await terminal.attach(bridge))


build_settings.register(app)
