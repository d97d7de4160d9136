"""`firefly admin`: what an operator does for the whole installation; with images, on the engine's own machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from firefly import resources
from firefly.client.clearing import Cleared, ClearingCalls
from firefly.errors import Conflict, InvalidInput
from firefly.settings import load

from .command import Cli, command

app = typer.Typer(no_args_is_help=True, help="Look after an installation.")
image = typer.Typer(no_args_is_help=True, help="The image that sandboxes of a Docker engine are made of.")
app.add_typer(image, name="image")
artifacts = typer.Typer(no_args_is_help=True, help="What builds made, and where it is kept.")
app.add_typer(artifacts, name="artifacts")


@command(app)
async def gc(
    cli: Cli,
    parts: Annotated[list[str] | None, typer.Argument(help="What to look at. Default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, and say what would go.")] = False,
) -> None:
    """Clear away now what nobody needs any more, as the server does by itself in time; for administrators.

    Caches of dependencies that are old or too many, artifacts that nobody refers to, bytes without a row, logs beyond
    their keeping, sandboxes of failed builds past their hour, images that no site shows.
    """
    async with cli.client() as client:
        names = parts or [one.part for one in await client.clearing.all()]
        cleared = await _each(cli, client.clearing, names, dry_run=dry_run)
    columns = {
        "PART": lambda one: one.part,
        "WOULD GO" if dry_run else "REMOVED": lambda one: str(one.count),
        "BYTES": lambda one: f"{one.bytes:,}",
    }
    cli.table(cleared, columns, "Nothing is cleared away here.")


async def _each(cli: Cli, calls: ClearingCalls, names: Sequence[str], *, dry_run: bool) -> list[Cleared]:
    """One after another; says meanwhile which."""
    cleared = []
    with Progress(console=cli.err, disable=not cli.interactive, transient=True) as progress:
        shown = progress.add_task("", total=len(names))
        for name in names:
            progress.update(shown, description=name)
            if not cli.interactive:
                cli.note(f"Looking at {name}.")
            cleared.append(await calls.clear(name, dry_run=dry_run))
            progress.advance(shown)
    return cleared


@command(artifacts)
async def copy(
    cli: Cli,
    source: Annotated[str, typer.Option("--from", help="As in FIREFLY_ARTIFACTS.")] = "file://",
    target: Annotated[str, typer.Option("--to", help="As in FIREFLY_ARTIFACTS. Default: what that says.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Copy nothing, and say what would be.")] = False,
) -> None:
    """Copy all artifacts from one store to another, on the server's machine and with its settings.

    The server may run meanwhile. Each artifact is checked; what is there already is left as it is, so that the same
    command goes on where it broke off, and brings what was added since.
    """
    from firefly.artifacts import opened
    from firefly.artifacts.copying import copy_all

    settings = load()
    if (target or settings.artifacts) == source:
        raise InvalidInput("Both stores are the same: name another one with --from or --to.")
    with Progress(console=cli.err, disable=not cli.interactive, transient=True) as progress:
        shown = progress.add_task("copying", total=None)
        async with opened(settings, source) as one, opened(settings, target) as other:
            copied = await copy_all(
                one, other, dry=dry_run, tell=lambda at, of: progress.update(shown, completed=at, total=of)
            )
    what = "would be copied" if dry_run else "copied"
    cli.show(
        {"copied": copied.count, "bytes": copied.bytes, "there": copied.there, "damaged": copied.damaged},
        f"{copied.count} artifacts {what}, {copied.bytes:,} bytes; {copied.there} were there already.",
    )
    if copied.damaged:
        raise Conflict("Damaged, and not copied: " + ", ".join(copied.damaged))


@command(image)
async def build(
    cli: Cli,
    from_debootstrap: Annotated[
        bool, typer.Option("--from-debootstrap", help="Upon a Debian tree, where no registry is reached. Needs root.")
    ] = False,
    suite: Annotated[str, typer.Option(help="The Debian of that tree. Default: this machine's.")] = "",
    mirror: Annotated[str, typer.Option(help="Where its packages come from. Default: where this machine's do.")] = "",
    having: Annotated[
        str | None,
        typer.Option("--with", help="Languages, as in `go,php`: go, java, php, ruby, rust. Default: those it has."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make the tree anew, for newer packages.")] = False,
    checkout: Annotated[
        Path | None, typer.Option(help="Where the Dockerfile is. Default: around this program.")
    ] = None,
) -> None:
    """Build the project image in the engine of the settings; with FIREFLY_REGISTRY, push it there too.

    From the Dockerfile of a checkout, by its target `project`, or upon a Debian tree.
    """
    # The engine's client is no concern of any other command.
    from firefly.sandbox import languages
    from firefly.sandbox.docker import building
    from firefly.sandbox.docker.engine import Engine
    from firefly.sandbox.docker.images import Images

    settings = load()
    engine = Engine(settings.docker_host)
    try:
        images = Images(engine)
        name = settings.docker_image
        wanted = languages.named(having) if having is not None else await building.languages_of(images, name)
        if from_debootstrap:
            await building.build_from_debian(
                images, settings, having=wanted, suite=suite, mirror=mirror, again=again, tell=cli.note
            )
        else:
            folder = checkout or resources.PACKAGE.parent
            await building.build_from_dockerfile(images, name, folder=folder, tell=cli.note, having=wanted)
        if settings.registry:
            await images.push(name, settings.registry, cli.note)
    finally:
        await engine.close()
    beside = f", with {', '.join(wanted)}" if wanted else ""
    cli.show({"image": name, "with": list(wanted)}, f"The image {name} is built{beside}.")
