"""The `docker` command that builds, run in a process group of its own."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firefly.errors import InvalidInput

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
