"""What a project wants of its builds, and its branches: commands of `firefly build`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from firefly.client.build_models import BuildSettings

from .command import Cli, ProjectPath, command, resolve


def register(app: typer.Typer) -> None:
    for function in (branches, demo, hold, release):
        command(app)(function)
    command(app, "settings")(change_settings)


async def branches(cli: Cli, project: ProjectPath) -> None:
    """List branches, tags and pull requests with their newest builds and their sites."""
    async with cli.client() as client:
        found = await client.builds.branches(*await resolve(client, project))
    columns = {
        "BRANCH": lambda b: b.branch,
        "NEWEST": lambda b: f"#{b.newest.number} {b.newest.state.replace('_', ' ')}" if b.newest else b.reason,
        "DEMO": lambda b: "demo" if b.is_demo else "",
        "SITE": lambda b: b.site.url if b.site else "",
    }
    cli.table(found, columns, "No branch was pushed or built yet.")


async def demo(
    cli: Cli,
    project: ProjectPath,
    branch: Annotated[str, typer.Argument(help="Whose site does not count against quotas.")],
    unset: Annotated[bool, typer.Option("--unset", help="It counts again.")] = False,
) -> None:
    """Make the site of a branch a demo."""
    async with cli.client() as client:
        changed = await client.builds.make_demo(*await resolve(client, project), branch, is_demo=not unset)
    cli.show(changed, f"{changed.branch} is {'a demo' if changed.is_demo else 'no demo'} now.")


def _tell(settings: BuildSettings) -> str:
    what = {"all": "Every branch is built.", "none": "Nothing is built by itself."}
    told = [what.get(settings.policy, f"Built is what matches {', '.join(settings.patterns)}.")]
    told += [f"Builds are held. {settings.held_reason}".rstrip()] if settings.held else []
    told += ["Pull requests are built." if settings.pull_requests else "Pull requests are not built."]
    told += [f"A build may run for {settings.timeout} s."] if settings.timeout else []
    if settings.configuration is not None:
        told.append(f"A configuration is kept{', and comes before firefly.yml' * settings.configuration_forced}.")
    return "\n".join(told)


async def change_settings(
    cli: Cli,
    project: ProjectPath,
    policy: Annotated[str | None, typer.Option(help="`all`, `none` or `patterns`.")] = None,
    pattern: Annotated[list[str] | None, typer.Option(help="As in `feature/*`; may be given several times.")] = None,
    timeout: Annotated[int | None, typer.Option(min=0, help="Seconds; 0: as the server has it.")] = None,
    configuration: Annotated[Path | None, typer.Option(help="A firefly.yml to be kept here.")] = None,
    force: Annotated[bool | None, typer.Option("--force/--no-force", help="It comes before the repository's.")] = None,
    pull_requests: Annotated[
        bool | None, typer.Option("--pull-requests/--no-pull-requests", help="Whether they are built.")
    ] = None,
) -> None:
    """Say what a project wants of its builds, or change it."""
    given: dict[str, object] = {
        "policy": "patterns" if pattern and policy is None else policy, "patterns": pattern,
        "configuration_forced": force, "pull_requests": pull_requests,
    }  # fmt: skip
    change = {name: value for name, value in given.items() if value is not None}
    change |= {"timeout": timeout or None} if timeout is not None else {}
    if configuration is not None:
        change["configuration"] = await asyncio.to_thread(configuration.read_text)
    await _settings(cli, project, change)


async def _settings(cli: Cli, project: str, change: dict[str, object]) -> None:
    async with cli.client() as client:
        path, calls = await resolve(client, project), client.builds
        found = await calls.change_settings(*path, change) if change else await calls.settings(*path)
    cli.show(found, _tell(found))


async def hold(
    cli: Cli, project: ProjectPath, reason: Annotated[str, typer.Option(help="For whoever wonders.")] = ""
) -> None:
    """Build nothing of a project until it is released; what is pushed waits."""
    await _settings(cli, project, {"held": True, "held_reason": reason})


async def release(cli: Cli, project: ProjectPath) -> None:
    """Go on with the builds of a project that was held."""
    await _settings(cli, project, {"held": False, "held_reason": ""})
