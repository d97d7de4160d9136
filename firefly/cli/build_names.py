"""How a build is named on the command line."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

import typer

from firefly.client import FireflyClient
from firefly.client.build_models import Build

from .command import Failure, resolve

BuildName = Annotated[
    str,
    typer.Argument(
        metavar="BUILD",
        help="`owner/name#12`, or `name#12` of a project of your own; the newest without a number; or an id.",
    ),
]


async def find(client: FireflyClient, name: str) -> Build:
    """Raises Failure, ClientError."""
    with suppress(ValueError):
        return await client.builds.get(UUID(name))
    path, number = split(name)
    project = await resolve(client, path)
    if number is not None:
        return await client.builds.numbered(*project, number)
    newest = await client.builds.newest(*project, most=1)
    if not newest:
        raise Failure(f"{path} has no build yet. `firefly build start {path}` makes one.")
    return newest[0]


def split(name: str) -> tuple[str, int | None]:
    """Project and number. Raises Failure for what is no number."""
    path, mark, number = name.partition("#")
    if mark and not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Failure(f"{number!r} is no number of a build.")
    return path, int(number) if mark else None
