"""The `docker` command that builds: found where it knows BuildKit, run in a process group of its own."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firefly.errors import InvalidInput, Unavailable

LIMIT = 10.0
# Of this version and later, BuildKit is in a plug-in that need not be there.
PLUGGED = 23
_VERSION = re.compile(r"version (\d+)\.(\d+)[^,\s]*")
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "DOCKER_HOST")


@dataclass(frozen=True, slots=True)
class Client:
    """A command that builds. `host` is the engine's address, empty for the usual one, `home` an empty folder."""

    program: str
    host: str
    home: Path

    @contextlib.asynccontextmanager
    async def building(self, arguments: Sequence[str]) -> AsyncIterator[Process]:
        """`docker build` with a pipe for its context and one for all that it says; killed at the end of the block.

        The engine ends what it has begun for a client that is gone. Raises InvalidInput for arguments that no program
        can be given.
        """
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                self.program, "build", *arguments,
                stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=self._environment(), cwd=self.home, start_new_session=True,
            )
        )  # fmt: skip
        process = await _started(starting)
        try:
            yield process
        finally:
            await _end(process)

    def _environment(self) -> Mapping[str, str]:
        """No password of the operator's for a registry: what is built is anybody's."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        own = {"HOME": str(self.home), "DOCKER_CONFIG": str(self.home), "DOCKER_BUILDKIT": "1"}
        # Statements about where an image comes from would make another one of the same content.
        own |= {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        return {**kept, **own, **({"DOCKER_HOST": self.host} if self.host else {})}


async def _started(starting: "asyncio.Future[Process]") -> Process:
    """Whoever is cancelled meanwhile waits for the start, so that it can be ended."""
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise
    except (ValueError, OSError) as error:
        raise InvalidInput(f"The engine cannot be asked for this image: {error}.", field="dockerfile") from error


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    # Pipes that nobody has read to their end would stay open until Python collects them.
    process._transport.close()  # type: ignore[attr-defined]


async def find(host: str, home: Path, path: str | None = None) -> Client:
    """The first on the path that can build with BuildKit. Raises Unavailable, which says what to install."""
    unfit = []
    for program in _candidates(path or os.environ.get("PATH", os.defpath)):
        if (lack := await _lack(program)) is None:
            return Client(program, host, home)
        unfit.append(f"{program} {lack}")
    if unfit:
        raise Unavailable(f"Images cannot be built: {'; '.join(unfit)}. Install the plug-in `docker buildx`.")
    raise Unavailable("Images cannot be built: the `docker` command is not there. On Debian: apt install docker.io")


def _candidates(path: str) -> list[str]:
    found = (shutil.which("docker", path=folder) for folder in path.split(os.pathsep) if folder)
    return list(dict.fromkeys(program for program in found if program))


async def _lack(program: str) -> str | None:
    """None where it can."""
    match = _VERSION.search(await _said(program, "--version") or "")
    if match is None:
        return "does not tell its version"
    if int(match[1]) < PLUGGED or await _said(program, "buildx", "version") is not None:
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
