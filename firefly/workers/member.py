"""One place among the workers: a process that is started, fed, and started again when it ends."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence

import structlog

from firefly.adapters.door import Sources
from firefly.errors import FireflyError, Unavailable
from firefly.link import first
from firefly.proxy.numbers import only_grows, together
from firefly.resources import PACKAGE
from firefly.settings import SECRETS

from .feed import Feed
from .protocol import Setup

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from firefly.workers.__main__ import main; main()"
START_LIMIT = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
# One that lived for so many seconds was well; the next pause is the first again.
GOOD_LIFE = 30.0
# What a worker that was told to end may take for it beyond what it was given, and one that lost its link.
GRACE, ABANDONED = 5.0, 30.0

log = structlog.get_logger()


class Member:
    """`listeners` are handed down to each process anew, so that whoever connects meanwhile waits and is not refused."""

    def __init__(
        self, number: int, sources: Sources, *, door: Sequence[socket.socket], plain: Sequence[socket.socket]
    ) -> None:
        self._number = number
        self._sources = sources
        self._door, self._plain = door, plain
        self._past: dict[str, float] = {}
        self._closing = False
        self._decided = asyncio.Event()
        self.allowed = asyncio.Event()
        """Whether its processes may accept connections."""
        self.serving = asyncio.Event()
        self.feed: Feed | None = None
        self.stale = False
        """Whether nothing private is to be served, by the next process too."""
        self.reason = ""
        """Why the last process ended."""

    @property
    def numbers(self) -> Mapping[str, float]:
        """What all of its processes have counted."""
        return together([self._past, self.feed.numbers if self.feed else {}])

    async def run(self) -> None:
        """Until `close`."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            await self._live()
            if self._closing:
                return
            lived = time.monotonic() - began
            pause = FIRST_PAUSE if lived > GOOD_LIFE else pause
            log.error("worker.ended", number=self._number, reason=self.reason, seconds=round(lived), again_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def prepared(self) -> None:
        """Wait until the first process knows everything. Raises Unavailable where it ends before."""
        await self._decided.wait()
        if self.feed is None:
            raise Unavailable(f"A worker of the front door did not start: {self.reason}.")

    async def close(self, *, drain: float, tunnels: float) -> None:
        """Let the process end what is under way, and end."""
        self._closing = True
        if self.feed is None:
            return
        try:
            self.feed.numbers = await self.feed.link.call("close", drain, tunnels, limit=drain + tunnels + GRACE)
        except FireflyError as error:
            log.warning("worker.not_closed", number=self._number, reason=error.detail)
        self.feed.link.close()

    async def _live(self) -> None:
        """The life of one process; tells in `reason` how it ended."""
        near, far = socket.socketpair()
        feed = Feed(near, self._sources)
        following = asyncio.create_task(feed.follow())
        process: asyncio.subprocess.Process | None = None
        try:
            process = await self._spawn(far)
            await self._begin(feed)
            self._decided.set()
            await first(self.allowed.wait(), feed.link.closed.wait())
            await feed.link.call("serve", limit=START_LIMIT)
            self.serving.set()
            await feed.link.closed.wait()
            self.reason = ""
        except (FireflyError, OSError) as error:
            self.reason = str(error)
        finally:
            self.serving.clear()
            feed.link.close()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            if process is not None:
                self.reason = await self._reap(process)
            self._keep_count()
            self._decided.set()

    async def _spawn(self, far: socket.socket) -> asyncio.subprocess.Process:
        inherited = (far.fileno(), *(one.fileno() for one in (*self._door, *self._plain)))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FIREFLY_")}
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", START, str(PACKAGE.parent), str(far.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
                pass_fds=inherited,
            )
        finally:
            far.close()

    async def _begin(self, feed: Feed) -> None:
        sources = self._sources
        setup = Setup(
            settings=sources.settings.model_dump(mode="json", exclude=set(SECRETS)),
            grant_keys=tuple(sources.grants.keys),
            door=tuple(one.fileno() for one in self._door),
            plain=tuple(one.fileno() for one in self._plain),
            encrypted=sources.shelf is not None,
            pairs=tuple(one.pair for one in sources.shelf.certificates) if sources.shelf else (),
        )
        await feed.link.call("set_up", setup, limit=START_LIMIT)
        # From here on changes are told, too: before, there was nobody to heed them.
        self.feed = feed
        await feed.fill()
        feed.link.note("stale", self.stale)

    async def _reap(self, process: asyncio.subprocess.Process) -> str:
        """Wait for its end; how it was."""
        try:
            async with asyncio.timeout(GRACE if self._closing else ABANDONED):
                code = await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            code = await process.wait()
        return f"{signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def _keep_count(self) -> None:
        counted = self.feed.numbers if self.feed else {}
        self.feed = None
        ended = {name: value for name, value in counted.items() if only_grows(name)}
        self._past = together([self._past, ended])
