"""All commands, put together."""

import sys

import typer

from firefly import __version__

from . import (
    admin,
    build,
    checkpoint,
    dev,
    doctor,
    domain,
    files,
    people,
    project,
    quota,
    reference,
    sandbox,
    secret,
    serve,
    session,
    token,
    up,
    user,
    workspace,
)

app = typer.Typer(
    name="firefly",
    help="A code editor, a sandbox and a live preview for every project.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
serve.register(app)
doctor.register(app)
session.register(app)
up.register(app)
reference.register(app)
people.register(user.app, project.app)
app.add_typer(project.app, name="project")
app.add_typer(domain.app, name="domain")
app.add_typer(files.app, name="files")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(workspace.app, name="workspace")
app.add_typer(secret.app, name="secret")
app.add_typer(build.app, name="build")
app.add_typer(quota.app, name="quota")
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(dev.app, name="dev")
app.add_typer(admin.app, name="admin")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def start(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_show_version, is_eager=True),
) -> None:
    """A code editor, a sandbox and a live preview for every project."""


def main() -> None:
    _leave_only(*sys.argv[1:2])
    app()


def _leave_only(name: str = "") -> None:
    """Of the commands the one that is asked for, if there is one: to make all ready takes longer than most of them."""
    groups = [group for group in app.registered_groups if group.name == name]
    commands = [one for one in app.registered_commands if name == (one.name or getattr(one.callback, "__name__", None))]
    if groups or commands:
        app.registered_groups, app.registered_commands = groups, commands
