"""All commands, put together; where one is named, that one alone, since to load all takes longer than most take."""

import re
import sys
from importlib import import_module
from typing import Any

import typer

from firefly import __version__

# The commands that a module registers, and the groups, each a module of that name, in the order of the help.
COMMANDS = {
    "serve": ("serve",), "doctor": ("doctor",), "session": ("login", "logout", "open"), "up": ("up",),
    "reference": ("reference",),
}  # fmt: skip
GROUPS = (
    "project", "domain", "files", "checkpoint", "sandbox", "workspace", "secret", "build", "quota", "token", "user",
    "dev", "admin",
)  # fmt: skip


def compose(name: str = "") -> typer.Typer:
    """The command `firefly`, with what `name` names; with all that there is, if that is nothing of it."""
    app = typer.Typer(
        name="firefly",
        help="A code editor, a sandbox and a live preview for every project.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(start)
    commands = [module for module, names in COMMANDS.items() if name in names]
    groups = [group for group in GROUPS if name == group]
    for module in commands if commands or groups else COMMANDS:
        _load(module).register(app)
    for group in groups if commands or groups else GROUPS:
        app.add_typer(_load(group).app, name=group)
    return app


def _load(module: str) -> Any:
    return import_module(f".{module}", __package__)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


def start(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_show_version, is_eager=True),
) -> None:
    """A code editor, a sandbox and a live preview for every project."""


def tell_whole(group: Any) -> None:
    """In the list of a group's commands each has its first sentence whole; else it would be cut after 45 signs."""
    for found in group.commands.values():
        paragraph = " ".join((found.help or "").partition("\n\n")[0].split())
        found.short_help = re.split(r"(?<=\.) ", paragraph)[0]
        if hasattr(found, "commands"):
            tell_whole(found)


def main() -> None:
    commands = typer.main.get_command(compose(*sys.argv[1:2]))
    tell_whole(commands)
    commands()
