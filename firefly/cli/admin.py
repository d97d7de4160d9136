"""`firefly admin`: what an operator does on the server's own machine, without the server."""

from pathlib import Path
from typing import Annotated

import typer

from firefly import resources
from firefly.settings import load

from .command import Cli, command

app = typer.Typer(no_args_is_help=True, help="Look after an installation, on its machine.")
image = typer.Typer(no_args_is_help=True, help="The image that sandboxes of a Docker engine are made of.")
app.add_typer(image, name="image")


@command(image)
async def build(
    cli: Cli,
    from_debootstrap: Annotated[
        bool, typer.Option("--from-debootstrap", help="Upon a Debian tree, where no registry is reached. Needs root.")
    ] = False,
    suite: Annotated[str, typer.Option(help="The Debian of that tree. Default: this machine's.")] = "",
    mirror: Annotated[str, typer.Option(help="Where its packages come from. Default: where this machine's do.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Make the tree anew, for newer packages.")] = False,
    checkout: Annotated[
        Path | None, typer.Option(help="Where the Dockerfile is. Default: around this program.")
    ] = None,
) -> None:
    """Build the project image in the engine of the settings; with FIREFLY_REGISTRY, push it there too.

    From the Dockerfile of a checkout, by its target `project`, or upon a Debian tree.
    """
    # The engine's client is no concern of any other command.
    from firefly.sandbox.docker import building
    from firefly.sandbox.docker.engine import Engine
    from firefly.sandbox.docker.images import Images

    settings = load()
    engine = Engine(settings.docker_host)
    try:
        images = Images(engine)
        if from_debootstrap:
            await building.build_from_debian(images, settings, suite=suite, mirror=mirror, again=again, tell=cli.note)
        else:
            folder = checkout or resources.PACKAGE.parent
            await building.build_from_dockerfile(images, settings.docker_image, folder=folder, tell=cli.note)
        if settings.registry:
            await images.push(settings.docker_image, settings.registry, cli.note)
    finally:
        await engine.close()
    cli.show({"image": settings.docker_image}, f"The image {settings.docker_image} is built.")
