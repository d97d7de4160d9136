"""`firefly project hooks`: the hooks that a project calls when something happens, and what its provider's has sent."""

from typing import Annotated
from uuid import UUID

import typer

from firefly.client.hooks import Hook, HookCall, HookCalls

from . import deliveries
from .command import Cli, Failure, ProjectPath, command, resolve

app = typer.Typer(
    no_args_is_help=True, help="Programs and chats that are told of builds and sites, and the provider's."
)
deliveries.register(app)
HookName = Annotated[str, typer.Argument(metavar="HOOK", help="Its id, or its host where no other has that.")]


@command(app, "list")
async def list_hooks(cli: Cli, project: ProjectPath) -> None:
    """List the hooks that a project calls."""
    async with cli.client() as client:
        found = await client.hooks(*await resolve(client, project)).all()
    columns = {
        "HOOK": lambda h: str(h.id),
        "HOST": lambda h: h.host,
        "FLAVOUR": lambda h: h.flavour,
        "EVENTS": lambda h: ", ".join(h.events),
        "STATE": lambda h: "on" if h.active else f"off. {h.reason}".rstrip(),
    }
    cli.table(found, columns, "There are none. `firefly project hooks add PROJECT URL` adds one.")


@command(app)
async def add(
    cli: Cli,
    project: ProjectPath,
    url: Annotated[str, typer.Argument(metavar="URL", help="https; it is not shown again.")],
    flavour: Annotated[str, typer.Option(help="`generic`, `slack`, `mattermost`, `discord` or `teams`.")] = "generic",
    event: Annotated[
        list[str] | None, typer.Option(help="As in `failed`; may be given several times. Default: `ended`.")
    ] = None,
) -> None:
    """Have a program or a chat called, and show the key that signs the calls."""
    async with cli.client() as client:
        made = await client.hooks(*await resolve(client, project)).add(url, flavour=flavour, events=event or ["ended"])
    cli.show(made, f"{made.id} calls {made.host}. The key of its signatures, not shown again:\n{made.secret}")


@command(app)
async def switch(
    cli: Cli,
    project: ProjectPath,
    hook: HookName,
    active: Annotated[bool, typer.Option("--on/--off", help="Whether it is called.")] = True,
) -> None:
    """Switch a hook off, or on again."""
    async with cli.client() as client:
        calls = client.hooks(*await resolve(client, project))
        changed = await calls.switch((await _find(calls, hook)).id, active=active)
    cli.show(changed, f"{changed.host} is {'called' if changed.active else 'called no longer'}.")


@command(app)
async def remove(cli: Cli, project: ProjectPath, hook: HookName) -> None:
    """Remove a hook, and what is known of its calls."""
    async with cli.client() as client:
        calls = client.hooks(*await resolve(client, project))
        found = await _find(calls, hook)
        await calls.remove(found.id)
    cli.show(found, f"{found.host} is called no longer.")


@command(app)
async def ping(cli: Cli, project: ProjectPath, hook: HookName) -> None:
    """Call a hook to see whether it answers; `calls` shows what came of it."""
    async with cli.client() as client:
        calls = client.hooks(*await resolve(client, project))
        made = await calls.ping((await _find(calls, hook)).id)
    cli.show(made, _describe(made))


@command(app, "calls")
async def list_calls(cli: Cli, project: ProjectPath, hook: HookName) -> None:
    """List the last calls of a hook, the newest first, and what was answered."""
    async with cli.client() as client:
        calls = client.hooks(*await resolve(client, project))
        found = await calls.calls((await _find(calls, hook)).id)
    columns = {
        "CALL": lambda c: str(c.id),
        "AT": lambda c: f"{c.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        "EVENT": lambda c: c.event,
        "STATE": lambda c: c.state,
        "ANSWER": lambda c: str(c.status or ""),
        "TRIES": lambda c: str(c.attempts),
        "REASON": lambda c: c.reason,
    }
    cli.table(found, columns, "It was not called yet.")


@command(app)
async def again(
    cli: Cli, project: ProjectPath, hook: HookName, call: Annotated[UUID, typer.Argument(help="As `calls` lists it.")]
) -> None:
    """Send a call once more, as a call of its own."""
    async with cli.client() as client:
        calls = client.hooks(*await resolve(client, project))
        made = await calls.again((await _find(calls, hook)).id, call)
    cli.show(made, _describe(made))


def _describe(call: HookCall) -> str:
    return f"{call.id}  {call.event}  {call.state}. {call.reason}".rstrip()


async def _find(calls: HookCalls, name: str) -> Hook:
    """Raises Failure for one that the project does not have, and for a host that several have."""
    found = [hook for hook in await calls.all() if name in (str(hook.id), hook.host)]
    if len(found) != 1:
        what = f"Several hooks are at {name}: name one by its id." if found else f"There is no hook {name}."
        raise Failure(f"{what} `firefly project hooks list` shows them.")
    return found[0]
