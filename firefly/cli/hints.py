"""What to do about a failure, where the server cannot know it: how to log in, and which project was meant."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from firefly.client import ClientError, FireflyClient

from . import credentials

if TYPE_CHECKING:
    from .command import Cli

# The parameters of commands that name a project, or a build by its project.
_NAMES = ("project", "build", "target")
_ENOUGH_ALIKE = 0.6


async def with_hint(cli: "Cli", error: ClientError, given: Mapping[str, object]) -> str:
    """The error's sentence, and what helps."""
    if error.status == 401:
        known = cli.server == credentials.load().default
        command = "firefly login" if known else f"firefly login --server {cli.server}"
        sentence = error.detail if cli.token else f"You are not logged in to {cli.server}."
        return f"{sentence} Log in: `{command}`"
    if error.status == 0 and not credentials.load().servers:
        return f"{error.detail} Another server: `firefly login --server ADDRESS`"
    wanted = next((str(given[name]) for name in _NAMES if given.get(name)), "")
    if error.status == 404 and wanted:
        with suppress(ClientError):
            near = await _nearest(cli.client(), wanted)
            return f"{error.detail} Did you mean {near}?" if near else error.detail
    return error.detail


async def _nearest(client: FireflyClient, wanted: str) -> str | None:
    """None where it is there as it was named, so that something else was not found."""
    path = wanted.partition("#")[0].partition("@")[0]
    async with client:
        whole = path if "/" in path else f"{(await client.me()).account.name}/{path}"
        paths = [project.path for project in await client.projects.all()]
    return None if whole in paths else nearest(whole, paths)


def nearest(wanted: str, paths: Iterable[str]) -> str | None:
    """Of `owner/name`s the one that was likely meant: of the same name first, else of one much like it."""
    known, (owner, _, name) = list(paths), wanted.partition("/")
    for path in known:
        if path.endswith(f"/{name}"):
            return path
    by_name = {path.partition("/")[2]: path for path in known if path.startswith(f"{owner}/")}
    if near := get_close_matches(name, by_name, n=1, cutoff=_ENOUGH_ALIKE):
        return by_name[near[0]]
    return next(iter(get_close_matches(wanted, known, n=1, cutoff=_ENOUGH_ALIKE)), None)
