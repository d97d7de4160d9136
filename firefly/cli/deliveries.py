"""`firefly project hooks deliveries | redeliver`: what the provider's hook has sent to a project."""

from typing import Annotated
from uuid import UUID

import typer

from firefly.client.deliveries import Delivery
from firefly.protocol.ansi import settled

from .command import Cli, ProjectPath, command, resolve


def register(app: typer.Typer) -> None:
    command(app, "deliveries")(list_deliveries)
    command(app)(redeliver)


async def list_deliveries(
    cli: Cli,
    project: ProjectPath,
    failed: Annotated[bool, typer.Option("--failed", help="Only what could not be handled.")] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    body: Annotated[UUID | None, typer.Option(help="Print the body of this one as it came, in their place.")] = None,
) -> None:
    """List what the provider's hook has sent, the newest first, and what became of it."""
    async with cli.client() as client:
        calls = client.deliveries(*await resolve(client, project))
        if body is not None:
            text = await calls.body(body)
            print(settled(text) if cli.interactive else text)
            return
        found: list[Delivery] = []
        async for one in calls.each():
            if one.state == "failed" or not failed:
                found.append(one)
            if len(found) == most:
                break
    columns = {
        "DELIVERY": lambda d: str(d.id),
        "AT": lambda d: f"{d.received_at.astimezone():%Y-%m-%d %H:%M:%S}",
        "EVENT": lambda d: d.event,
        "TOLD": lambda d: d.summary,
        "STATE": lambda d: d.state,
        "REASON": lambda d: d.reason,
    }
    cli.table(found, columns, "Nothing failed." if failed else "Nothing came yet.")


async def redeliver(
    cli: Cli,
    project: ProjectPath,
    delivery: Annotated[list[UUID], typer.Argument(help="As `deliveries` lists it; several may be given.")],
) -> None:
    """Handle what the provider's hook has sent once more, the first one first."""
    async with cli.client() as client:
        calls = client.deliveries(*await resolve(client, project))
        again = [await calls.redeliver(one) for one in delivery]
    cli.show(again, "\n".join(f"{one.id}  {one.summary or one.event}  {one.state}." for one in again))
