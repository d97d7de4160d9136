"""Where packages come from: what the settings name, else what this machine's own npm and pip use."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ..settings import Settings
from ..settings.packages import upstream

LIMIT = 30.0
# What pip says of its option --index-url names the one that it would use.
_INDEX = re.compile(r"--index-url <url>.*?\(default:?\s+(https?://\S+?)\)", re.DOTALL)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Upstreams:
    """URLs with a slash at their end; empty where there is none to be had."""

    npm: str = ""
    python: str = ""


async def find(settings: Settings) -> Upstreams:
    """What the settings leave open is asked of npm and pip, which takes them a second."""
    npm, python = await asyncio.gather(
        _chosen(settings.npm_registry, _npm(settings.data_dir)),
        _chosen(settings.python_index, [sys.executable, "-m", "pip", "install", "--help"], _INDEX),
    )
    log.info("packages.upstreams", npm=npm, python=python)
    return Upstreams(npm, python)


def _npm(data_dir: Path) -> Sequence[str]:
    """The machine's, else the one that sandboxes have from the data directory."""
    program = shutil.which("npm") or str(data_dir / "runtimes" / "node" / "bin" / "npm")
    return [program, "config", "get", "registry"]


async def _chosen(named: str, command: Sequence[str], pattern: re.Pattern[str] | None = None) -> str:
    if named:
        return named
    said = await _output(command)
    found = pattern.search(said) if pattern else None
    try:
        return upstream(found[1] if found else said.strip())
    except ValueError as error:
        log.warning("packages.no_upstream", program=command[0], reason=str(error))
        return ""


async def _output(command: Sequence[str]) -> str:
    """Nothing where it cannot be run."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd="/", env={**os.environ, "COLUMNS": "1000"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return ""
    try:
        async with asyncio.timeout(LIMIT):
            return (await process.communicate())[0].decode(errors="replace")
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            return ""
        raise
