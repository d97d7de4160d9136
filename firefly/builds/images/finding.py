"""Which `docker` command builds images here: the first on the path that knows BuildKit."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass

from firefly.errors import Unavailable

LIMIT = 10.0
# Of a later version, BuildKit is in a plug-in that need not be there.
OLDEST, PLUGGED = (20, 10), (23, 0)
_VERSION = re.compile(r"version (\d+)\.(\d+)[^,\s]*")


@dataclass(frozen=True, slots=True)
class Found:
    """`program` is empty where none can build. `passed`: those that cannot, each with the reason."""

    program: str
    passed: Sequence[str]

    @property
    def remedy(self) -> str:
        """Empty where nothing lacks."""
        if self.program:
            return ""
        return "Install the plug-in `docker buildx`." if self.passed else "On Debian: apt install docker.io"

    def chosen(self) -> str:
        """The program. Raises Unavailable, which says what to install."""
        if not self.program:
            why = "; ".join(self.passed) or "the `docker` command is not there"
            raise Unavailable(f"Images cannot be built: {why}. {self.remedy}")
        return self.program


async def find(path: str | None = None) -> Found:
    """Those before the first that can are told, those after it are not looked at."""
    passed: list[str] = []
    for program in _candidates(path or os.environ.get("PATH", os.defpath)):
        if (lack := await _lack(program)) is None:
            return Found(program, passed)
        passed.append(f"{program} {lack}")
    return Found("", passed)


def _candidates(path: str) -> list[str]:
    found = (shutil.which("docker", path=folder) for folder in path.split(os.pathsep) if folder)
    return list(dict.fromkeys(program for program in found if program))


async def _lack(program: str) -> str | None:
    """None where it can."""
    match = _VERSION.search(await _said(program, "--version") or "")
    if match is None:
        return "does not tell its version"
    version = int(match[1]), int(match[2])
    if version < OLDEST:
        return f"is of version {match[1]}.{match[2]}, which is too old"
    if version < PLUGGED or await _said(program, "buildx", "version") is not None:
        return None
    return f"is of version {match[1]}.{match[2]} and has no BuildKit"


async def _said(*command: str) -> str | None:
    """None where it fails."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError:
        return None
    try:
        async with asyncio.timeout(LIMIT):
            output, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode(errors="replace") if process.returncode == 0 else None
