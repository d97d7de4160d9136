"""`firefly sandbox`: list, start, stop, freeze, restart, keep-awake, let-sleep, settings, logs, exec, shell."""

import json
import sys
from datetime import datetime
from typing import Annotated

import typer

from firefly.client.models import Project
from firefly.client.sandbox import KeepAwake, Sandbox, SandboxSettings
from firefly.protocol.ansi import coloured

from . import terminal
from .command import Cli, Failure, WorkspacePath, command, within

app = typer.Typer(no_args_is_help=True, help="See and steer the sandboxes of projects.")
PASS_ON = {"allow_interspersed_args": False, "ignore_unknown_options": True}


def _describe(sandbox: Sandbox) -> str:
    until = f", stops at {sandbox.stops_at:%H:%M}" if sandbox.stops_at else ""
    busy = f" Just now: {', '.join(sandbox.busy)}." if sandbox.busy else ""
    busy += "".join(f" It is {_kept(one)}." for one in sandbox.keep_awake)
    told = f"{sandbox.state} since {sandbox.since:%Y-%m-%d %H:%M}{until}. {sandbox.reason}".rstrip() + busy
    ports = [f"Port {one.port}: {one.url}" for one in sandbox.ports]
    return "\n".join([told, *([sandbox.refusal] if sandbox.refusal else []), *sandbox.notes, *ports])


class Listed(Project):
    """A project, with how its sandbox stands."""

    status: Sandbox


@command(app, "list")
async def list_sandboxes(cli: Cli) -> None:
    """List your projects' sandboxes that run, until when, and what keeps them awake."""
    async with cli.client() as client:
        found = [
            Listed(**project.model_dump(), status=await client.sandbox(project.owner, project.name).get())
            for project in await client.projects.all()
            if project.sandbox != "stopped"
        ]
    columns = {
        "PROJECT": lambda p: p.path,
        "SANDBOX": lambda p: p.status.state,
        "SLEEPS": lambda p: _time(p.status.freezes_at or p.status.stops_at),
        "STOPS": lambda p: _time(p.status.stops_at),
        "BUSY": lambda p: ", ".join(p.status.busy + [_kept(one) for one in p.status.keep_awake]),
        "PREVIEW": lambda p: p.urls.preview,
    }
    cli.table(found, columns, "No sandbox runs.")


def _time(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""


def _kept(one: KeepAwake) -> str:
    return f"kept awake by {one.by} until {_time(one.until)}" + (f": {one.reason}" if one.reason else "")


async def _change(cli: Cli, project: str, action: str) -> None:
    async with cli.client() as client:
        changed = await client.sandbox(*await within(client, project)).act(action)
    cli.show(changed, _describe(changed))


@command(app)
async def show(cli: Cli, project: WorkspacePath) -> None:
    """Say whether it runs, since when and why."""
    async with cli.client() as client:
        found = await client.sandbox(*await within(client, project)).get()
    cli.show(found, _describe(found))


@command(app)
async def start(cli: Cli, project: WorkspacePath) -> None:
    """Start it."""
    await _change(cli, project, "start")


@command(app)
async def stop(cli: Cli, project: WorkspacePath) -> None:
    """Stop it; files stay."""
    await _change(cli, project, "stop")


@command(app)
async def freeze(cli: Cli, project: WorkspacePath) -> None:
    """Pause it until it is needed; memory stays."""
    await _change(cli, project, "freeze")


@command(app, "keep-awake")
async def keep_awake(
    cli: Cli,
    project: WorkspacePath,
    duration: Annotated[str, typer.Option("--for", help="How long, as in 30m or 2h.")] = "1h",
    reason: Annotated[str, typer.Option(help="For whoever wonders why it runs.")] = "",
) -> None:
    """Keep it awake for a while; a sleeping one is woken."""
    async with cli.client() as client:
        kept = await client.sandbox(*await within(client, project)).keep_awake(duration, reason=reason)
    cli.show(kept, _describe(kept))


@command(app, "let-sleep")
async def let_sleep(cli: Cli, project: WorkspacePath) -> None:
    """Keep it awake no longer, whoever asked for that."""
    async with cli.client() as client:
        path = await within(client, project)
        left = await client.sandbox(*path).get()
        for one in left.keep_awake:
            left = await client.sandbox(*path).let_sleep(one.id)
    cli.show(left, _describe(left))


@command(app)
async def restart(cli: Cli, project: WorkspacePath) -> None:
    """Stop and start it."""
    await _change(cli, project, "restart")


def _tell(settings: SandboxSettings) -> str:
    granted, limits = settings.granted, settings.granted.limits
    freeze = f"frozen after {_span(granted.freeze)}, " if granted.freeze else ""
    age = f", {_span(granted.age)} after its start in any case" if granted.age else ""
    lines = [
        f"Without activity it is {freeze}stopped after {_span(granted.stop)}{age}.",
        f"It may use {limits.memory / (1 << 20):g} MiB of memory, {limits.cpu:g} processors, {limits.pids} processes.",
        f"Its files may take up {limits.disk / (1 << 30):.3g} GiB.",
    ]
    return "\n".join(lines + granted.notes)


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds < 7200 else f"{seconds / 3600:g} h"


@command(app, "settings")
async def change_settings(
    cli: Cli,
    project: WorkspacePath,
    freeze: Annotated[str | None, typer.Option(help="Without activity for so long, as in 10m, it is frozen.")] = None,
    stop: Annotated[str | None, typer.Option(help="Without activity for so long, as in 2h, it is stopped.")] = None,
    memory: Annotated[str | None, typer.Option(help="As in 512m or 1g.")] = None,
    cpu: Annotated[float | None, typer.Option(help="Processors.")] = None,
    pids: Annotated[int | None, typer.Option(help="Processes and threads.")] = None,
    disk: Annotated[str | None, typer.Option(help="As in 8g: what files may take up.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="First leave everything to the server.")] = False,
) -> None:
    """Say what it is given, or ask for something else; what firefly.yml asks for comes first."""
    given = {"freeze": freeze, "stop": stop, "memory": memory, "cpu": cpu, "pids": pids, "disk": disk}
    changes = {name: value for name, value in given.items() if value is not None}
    async with cli.client() as client:
        path = await within(client, project)
        found = await client.sandbox(*path).settings()
        if changes or reset:
            kept = {} if reset else found.settings.model_dump(exclude_none=True)
            found = await client.sandbox(*path).change_settings(kept | changes)
    cli.show(found, _tell(found))


@command(app)
async def logs(cli: Cli, project: WorkspacePath) -> None:
    """Follow what the application prints, until Ctrl-C."""
    async with cli.client() as client:
        async for event in client.sandbox(*await within(client, project)).logs():
            if cli.as_json:
                print(json.dumps({"event": event.name, **json.loads(event.data)}), flush=True)
            elif event.name == "output":
                text = json.loads(event.data)["text"]
                print(coloured(text) if cli.interactive else text, flush=True)


@command(app, "exec", context_settings=PASS_ON)
async def execute(
    cli: Cli,
    project: WorkspacePath,
    words: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="The command; one word goes through the shell.")
    ],
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 60,
) -> None:
    """Run a command and end with its exit code."""
    words = words[1:] if words[0] == "--" else words
    if not words:
        raise typer.BadParameter("Name a command.")
    wanted: str | list[str] = words[0] if len(words) == 1 else words
    async with cli.client() as client:
        owner, name = await within(client, project)
        if cli.as_json:
            done = await client.sandbox(owner, name).execute(wanted, timeout=timeout)
            cli.show(done, "")
            raise typer.Exit(_exit_code(done.exit_code))
        async with client.files(owner, name) as bridge:
            async for event in bridge.stream_execute(wanted, timeout=timeout):
                if event.exit_code is not None:
                    raise typer.Exit(_exit_code(event.exit_code))
                stream = sys.stderr if event.event == "stderr" else sys.stdout
                print(event.text, end="", file=stream, flush=True)
    raise Failure("The command's output ended early. Is the sandbox still running?")


def _exit_code(code: int) -> int:
    """A signal as shells tell it: 128 and its number."""
    return 128 - code if code < 0 else code


@command(app)
async def shell(cli: Cli, project: WorkspacePath) -> None:
    """Open a terminal in it."""
    if not sys.stdin.isatty():
        raise Failure("A shell needs a terminal. For scripts there is `firefly sandbox exec`.")
    async with cli.client() as client, client.files(*await within(client, project)) as bridge:
        raise typer.Exit(await terminal.attach(bridge))
