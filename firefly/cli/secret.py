"""`firefly secret`: list, set, import, remove the secrets of a project. Values are never arguments."""

import sys
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values

from .command import Cli, Failure, ProjectPath, command, resolve

app = typer.Typer(no_args_is_help=True, help="Values that a project's programs get by name, kept sealed.")
Name = Annotated[str, typer.Argument(help="That of an environment variable, as in API_KEY.")]


@command(app, "list")
async def list_secrets(cli: Cli, project: ProjectPath) -> None:
    """List the names of a project's secrets; nobody is shown their values."""
    async with cli.client() as client:
        found = await client.secrets(*await resolve(client, project)).all()
    columns = {
        "NAME": lambda s: s.name,
        "STATE": lambda s: s.state,
        "BYTES": lambda s: str(s.size),
        "BY": lambda s: s.by or "",
        "CHANGED": lambda s: f"{s.changed_at:%Y-%m-%d %H:%M}",
    }
    cli.table(found, columns, "There are no secrets. `firefly secret set PROJECT NAME` sets one.")


@command(app, "set")
async def set_secret(
    cli: Cli,
    project: ProjectPath,
    name: Name,
    file: Annotated[Path | None, typer.Option(help="Take the value from a file. Default: asked for, or stdin.")] = None,
) -> None:
    """Set a secret; the application is started anew with it."""
    value = _value(name, file)
    async with cli.client() as client:
        secret = await client.secrets(*await resolve(client, project)).set(name, value)
    cli.show(secret, f"{name} is set.")


@command(app, "import")
async def import_secrets(
    cli: Cli, project: ProjectPath, file: Annotated[Path, typer.Argument(help="Lines of NAME=value; - for stdin.")]
) -> None:
    """Set every secret that a .env file names."""
    text = sys.stdin.read() if str(file) == "-" else _read(file)
    found = {name: value for name, value in dotenv_values(stream=StringIO(text), interpolate=False).items() if value}
    if not found:
        raise Failure(f"{file} holds no lines of NAME=value.")
    async with cli.client() as client:
        path = await resolve(client, project)
        made = [await client.secrets(*path).set(name, value) for name, value in found.items()]
    cli.table(made, {"NAME": lambda s: s.name, "STATE": lambda s: s.state}, "")


@command(app)
async def remove(cli: Cli, project: ProjectPath, name: Name) -> None:
    """Remove a secret; the application is started anew without it."""
    async with cli.client() as client:
        await client.secrets(*await resolve(client, project)).remove(name)
    cli.show({"name": name}, f"{name} is removed.")


def _value(name: str, file: Path | None) -> str:
    if file is not None:
        return _read(file)
    if sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, err=True))
    return sys.stdin.read().removesuffix("\n")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read as text: {error}.") from error
