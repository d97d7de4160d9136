"""The PostgreSQL that Firefly brings along: started, adopted, watched and stopped with it."""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Mapping

import asyncpg
import structlog

from ..errors import Conflict, Unavailable
from ..settings import Settings
from .cluster import DATABASE, OWNER, SUPERUSER, Cluster, Passwords, Process

log = structlog.get_logger()

OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements may carry secrets; what went wrong is logged, what was asked is not.
    "log_min_error_statement": "panic",
}
ATTEMPTS = 5
LOCK_ATTEMPTS = 40
STOP_LIMIT = 60
LOG_LIMIT = 8 << 20


class EmbeddedPostgres:
    """A server of this data directory that listens on a unix socket in a closed folder, and nowhere else.

    It runs in a session of its own and outlives a Firefly that is killed; the next one adopts it. One that dies is
    started again. As root it runs under a user of its own.
    """

    def __init__(self, settings: Settings, *, options: Mapping[str, str] | None = None, patience: float = 600) -> None:
        """`options` are server settings besides ours; `patience` bounds a recovery after a crash, in seconds."""
        self._cluster = Cluster(settings)
        self._options = {**OPTIONS, **(options or {})}
        self._patience = patience
        self._process: Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._lock: int | None = None

    def dsn(self, database: str = DATABASE, *, superuser: bool = False) -> str:
        """Where a database of this server is; holds no secret, but names the file that does."""
        return self._cluster.dsn(database, role=SUPERUSER if superuser else OWNER)

    async def start(self, *, beside: bool = False) -> str:
        """Start or adopt the server and return the dsn of Firefly's database.

        With `beside` it stays another Firefly's, which runs, until `take_over`.

        Raises Conflict when another Firefly uses the data directory or the cluster is of another major version,
        Unavailable when the server does not come up; with the end of its log.
        """
        passwords = self._cluster.prepare()
        if beside:
            await self._bring_up()
            return self.dsn()
        self._take_lock()
        try:
            if not self._cluster.initialised():
                await self._cluster.initialise(passwords)
            await self._bring_up()
            await self._set_up(passwords)
        except BaseException:
            await self.stop()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="embedded-postgres")
        return self.dsn()

    async def take_over(self) -> None:
        """Make the server this Firefly's, whoever has let go of it before. Raises Conflict where nobody has."""
        for attempt in range(LOCK_ATTEMPTS):
            try:
                self._take_lock()
                break
            # A process that ends lets go of its locks a moment later.
            except Conflict:
                if attempt == LOCK_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.05)
        self._watcher = asyncio.create_task(self._watch(), name="embedded-postgres")

    async def let_go(self) -> None:
        """Leave the server to another Firefly, running."""
        await self._unwatch()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _unwatch(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
            self._watcher = None

    async def stop(self) -> None:
        """End the server, started or adopted, and wait for its end; one of another Firefly is left alone."""
        await self._unwatch()
        if self._lock is None:
            return
        try:
            if self._cluster.initialised() and await self._is_up():
                await self._end()
        finally:
            self._process = None
            os.close(self._lock)
            self._lock = None

    async def _end(self) -> None:
        stop = ("{install}/bin/pg_ctl", "stop", "-D", "{data}", "-w", "-t", str(STOP_LIMIT), "-m")
        binds = {"data": self._cluster.data}
        try:
            await self._cluster.run(*stop, "fast", binds=binds)
        except Unavailable:
            await self._cluster.run(*stop, "immediate", binds=binds)
        if self._process is not None:
            await asyncio.to_thread(self._process.wait, STOP_LIMIT)
        log.info("database.stopped")

    def _take_lock(self) -> None:
        descriptor = os.open(self._cluster.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Conflict(
                f"Another Firefly uses {self._cluster.folder.parent}. Stop it, or choose another FIREFLY_DATA_DIR."
            ) from error
        self._lock = descriptor

    async def _bring_up(self) -> None:
        """Until the server answers: start it, wait while it recovers, try again when an older one is still ending."""
        started = time.monotonic()
        reported, attempts = started, 0
        adopted = True
        while not await self._answers():
            if not await self._is_up():
                if attempts == ATTEMPTS:
                    raise Unavailable(f"PostgreSQL does not start. Its log ends:\n{self._cluster.log_tail()}")
                await asyncio.sleep(attempts * 0.5)
                self._spawn()
                adopted, attempts = False, attempts + 1
            if time.monotonic() - started > self._patience:
                raise Unavailable(f"PostgreSQL is not ready after {self._patience:.0f} s. Its log ends:\n"
                                  f"{self._cluster.log_tail()}")  # fmt: skip
            if time.monotonic() - reported >= 5:
                reported = time.monotonic()
                log.warning("database.starting", seconds=round(reported - started))
            await asyncio.sleep(0.03)
        log.info("database.adopted" if adopted else "database.started", seconds=round(time.monotonic() - started, 2))

    def _spawn(self) -> None:
        path = self._cluster.log
        mode = "wb" if path.exists() and path.stat().st_size > LOG_LIMIT else "ab"
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with path.open(mode) as output:
            path.chmod(0o600)
            self._process = self._cluster.spawn(
                *("{install}/bin/postgres", "-D", "{data}", "-k", "{socket}", *options),
                output=output,
                binds={"data": self._cluster.data, "socket": self._cluster.socket},
                passwd=None,
            )

    async def _is_up(self) -> bool:
        """Whether a process is there that answers or may come to it; our own child, or one found by its socket."""
        if self._process is not None and self._process.poll() is None:
            return True
        try:
            _, writer = await asyncio.open_unix_connection(str(self._cluster.socket / ".s.PGSQL.5432"))
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn("postgres", superuser=True), timeout=10)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, TimeoutError):
            return False
        await connection.close(timeout=10)
        return True

    async def _set_up(self, passwords: Passwords) -> None:
        connection = await asyncpg.connect(self.dsn("postgres", superuser=True), timeout=10)
        try:
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", OWNER):
                await connection.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{passwords.owner}'")
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            await connection.close(timeout=10)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            if await self._is_up():
                continue
            log.error("database.died", log=self._cluster.log_tail(500))
            try:
                await self._bring_up()
            # Whatever it is, no room for another process for one: the next attempt may succeed.
            except Exception as error:
                log.error("database.restart_failed", detail=str(error))
