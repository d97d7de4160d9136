"""Logs of builds in a terminal, or as plain lines elsewhere."""

import json
import sys
from collections.abc import AsyncIterator

from firefly.client import FireflyClient
from firefly.client.build_models import Build, LogLine
from firefly.protocol.ansi import coloured, plain, settled

from .command import Cli

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


async def print_lines(cli: Cli, client: FireflyClient, build: Build, lines: AsyncIterator[LogLine]) -> bool:
    """As they come; whether there were any. With --json a line of JSON for each; colours, and heads of steps, only on a
    terminal.
    """
    shown: int | None = None
    printed = False
    async for line in lines:
        printed = True
        if cli.interactive and line.step != shown:
            shown = line.step
            if all(step.position != shown for step in build.steps):
                build = await client.builds.get(build.id)
            print(_head(build, shown), flush=True)
        print(json.dumps(line.model_dump()) if cli.as_json else _shown(line, cli.interactive), flush=True)
    return printed


def _head(build: Build, position: int) -> str:
    step = next((step for step in build.steps if step.position == position), None)
    return f"{_BOLD}{step.name}{_RESET}  {settled(step.command or '')}".rstrip() if step else ""


def _shown(line: LogLine, colours: bool) -> str:
    if not colours:
        return plain(line.text)
    # What one line has begun does not colour the next.
    text = f"{coloured(line.text)}{_RESET}" if "\x1b" in line.text else line.text
    return f"{_DIM}{text}{_RESET}" if line.stream == "firefly" else text


async def watch(cli: Cli, client: FireflyClient, build: Build) -> Build:
    """Print its log until it ends; the build as it ended then."""
    await print_lines(cli, client, build, client.builds.follow(build.id))
    sys.stdout.flush()
    return await client.builds.get(build.id)
