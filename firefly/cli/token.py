"""`firefly token`: create, list, revoke."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from .command import Cli, Failure, command

app = typer.Typer(no_args_is_help=True, help="Make and revoke API tokens.")
DAY = 24 * 3600


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"


@command(app)
async def create(
    cli: Cli,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, write, git, admin, preview:OWNER/NAME.")] = None,
    days: Annotated[float | None, typer.Option(min=0.01, help="Days until it expires. Default: it does not.")] = None,
) -> None:
    """Make a token; its secret is printed this once."""
    async with cli.client() as client:
        made = await client.tokens.create(name, scopes=scope, expires_in=days * DAY if days else None)
    cli.show(made, made.token or "")


@command(app, "list")
async def list_tokens(cli: Cli) -> None:
    """List your tokens."""
    async with cli.client() as client:
        found = await client.tokens.all()
    columns = {
        "ID": lambda t: str(t.id),
        "NAME": lambda t: t.name,
        "SCOPES": lambda t: ", ".join(t.scopes),
        "EXPIRES": lambda t: _when(t.expires_at),
        "LAST USED": lambda t: _when(t.last_used_at),
    }
    cli.table(found, columns, "There are no tokens.")


@command(app)
async def revoke(cli: Cli, token_id: Annotated[str, typer.Argument(metavar="ID", help="As listed.")]) -> None:
    """Revoke a token."""
    try:
        wanted = UUID(token_id)
    except ValueError:
        raise Failure(f"{token_id} is not a token's id. `firefly token list` shows them.") from None
    async with cli.client() as client:
        await client.tokens.revoke(wanted)
    cli.show({"id": token_id, "revoked": True}, "The token is revoked.")
