"""Waiting for a build, and for its site: what commands tell meanwhile, and how they end."""

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated

import typer

from firefly.client import ClientError, FireflyClient
from firefly.client.build_models import Build, BuildStep

from .build_log import watch
from .build_words import describe
from .command import Cli, Failure

# Seconds between two looks, and how many in a row may find no server.
POLL, MOST_RETRIES = 1.0, 30
# Seconds for which nothing may happen to a build that went well before its site is no longer expected.
NO_SITE = 60.0
Wait = Annotated[bool, typer.Option("--wait", help="Until its site is live; exit code 1 where either fails.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="The same, and print its log as it grows.")]
NoSite = Annotated[bool, typer.Option("--no-site", help="With these two: heed the build alone, not its site.")]


async def finish(
    cli: Cli, client: FireflyClient, build: Build, *, wait: bool, follow: bool, no_site: bool = False
) -> None:
    """Show it, at once or when it has come to its end. Raises Failure where that was not well."""
    if follow:
        build = await watch(cli, client, build)
    if wait or follow:
        build = await ended(cli, client, build)
        build = build if no_site else await shown(cli, client, build)
    if not follow or not cli.as_json:
        cli.show(build, describe(build))
    if wait or follow:
        _must_be_well(build, no_site=no_site)


async def ended(cli: Cli, client: FireflyClient, build: Build) -> Build:
    """Until it is built, or was given up."""
    return await _watched(cli, client, build, lambda one, _: not one.is_over, lambda one: _does(one) or _waits(one))


async def shown(cli: Cli, client: FireflyClient, build: Build) -> Build:
    """Until the site of one that went well is live, or is not to become so."""
    return await _watched(cli, client, build, _comes, lambda one: f"its site: {_does(one) or 'starting'}")


async def _watched(
    cli: Cli,
    client: FireflyClient,
    build: Build,
    goes_on: Callable[[Build, float], bool],
    words: Callable[[Build], str],
) -> Build:
    """While it `goes_on`, which is told for how many seconds the `words` have been the same."""
    since, told = time.monotonic(), ""
    with cli.err.status("") if cli.interactive else nullcontext() as status:
        while goes_on(build, time.monotonic() - since):
            if (now := f"{build.name}: {words(build)}") != told:
                since, told = time.monotonic(), now
                status.update(told) if status else cli.note(told)
            build = await _later(client, build)
    return build


async def _later(client: FireflyClient, build: Build) -> Build:
    """As it is in a moment. A server that is away meanwhile, as one that is replaced, is asked again."""
    for _ in range(MOST_RETRIES):
        await asyncio.sleep(POLL)
        try:
            return await client.builds.get(build.id)
        except ClientError as error:
            if 400 <= error.status < 500:
                raise
    return await client.builds.get(build.id)


def _does(build: Build) -> str:
    return next((step.name for step in build.steps if step.state == "running"), "")


def _waits(build: Build) -> str:
    """Its state, and for what it waits."""
    reason = (build.queue.reason if build.queue else "") or build.reason
    return f"{build.state}. {reason}" if reason else build.state


def _comes(build: Build, waited: float) -> bool:
    """Whether its site is still to be expected. What it is made from is unpacked before there is one."""
    if build.state != "succeeded":
        return False
    if build.site is not None:
        return build.site.state == "starting"
    if _failed_start(build) is not None:
        return False
    return bool(_does(build)) or waited < NO_SITE


def _failed_start(build: Build) -> BuildStep | None:
    return next((step for step in build.steps if step.name == "start" and step.state == "failed"), None)


def _must_be_well(build: Build, *, no_site: bool) -> None:
    if build.state != "succeeded":
        raise Failure(f"{build.name} {build.state.replace('_', ' ')}. {build.reason}".rstrip())
    if no_site:
        return
    if build.site is None:
        failed = _failed_start(build)
        raise Failure(f"{build.name} was built, and has no site. {failed.reason if failed else ''}".rstrip())
    # Another build's may have taken its place by now.
    if build.site.state not in ("live", "replaced"):
        what = "did not start" if build.site.state == "failed" else f"is {build.site.state}"
        raise Failure(f"{build.name} was built, and its site {what}. {build.site.reason}".rstrip())
