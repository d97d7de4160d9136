"""The application service: start, stop, restart, install; its status and output to whoever subscribes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from firefly.bridge.application.board import Board
from firefly.bridge.application.lifecycle import Lifecycle
from firefly.bridge.application.published import Published
from firefly.bridge.dispatcher import Method, Reply
from firefly.bridge.output import Output
from firefly.bridge.watcher import Watcher
from firefly.protocol.activity import Wishes
from firefly.protocol.application import ApplicationStatus, State, SubscribeParams
from firefly.protocol.application import Output as OutputMessage
from firefly.protocol.model import Nothing
from firefly.protocol.workspace import Configuration

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

PER_MESSAGE = 500
log = structlog.get_logger()


class Application:
    def __init__(
        self, lifecycle: Lifecycle, published: Published, board: Board, output: Output, watcher: Watcher
    ) -> None:
        self.board = board
        self.output = output
        self._lifecycle = lifecycle
        self._published = published
        self._site: Configuration | None = None
        """What a build made is run by this, where it is that."""
        self._watcher = watcher
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._changes: set[asyncio.Task[ApplicationStatus]] = set()

    @property
    def wishes(self) -> Wishes | None:
        return self._lifecycle.wishes if self._site is None else Wishes()

    def busy(self) -> Iterable[str]:
        """An install. An application that runs may rest."""
        if self.board.status.state is State.INSTALLING:
            yield f"an install runs ({self.board.status.reason})"

    def methods(self) -> Sequence[Method[Any]]:
        return (
            Method("application.status", Nothing, self._status, reading=True),
            Method("application.subscribe", SubscribeParams, self._subscribe, reading=True),
            Method("application.start", Nothing, self._by_call(self.start)),
            Method("application.stop", Nothing, self._by_call(self.stop)),
            Method("application.restart", Nothing, self._by_call(self.restart)),
            Method("application.install", Nothing, self._by_call(self.install)),
        )

    async def configure(self, configuration: Configuration, *, secrets_changed: bool = False) -> None:
        """Start, or start anew when the preview's hosts, or the secrets, are others than before."""
        moved = list(self._lifecycle.hosts) != configuration.preview_hosts
        self._lifecycle.hosts = tuple(configuration.preview_hosts)
        self._lifecycle.url = configuration.base_url
        before, self._site = self._site, configuration if configuration.site is not None else None
        moved = moved or (before and before.site) != configuration.site
        if (moved or secrets_changed) and self._task is not None:
            await self.restart("the preview's address" if moved else "a change of the secrets")
        else:
            await self.start("the project")

    async def start(self, who: str) -> ApplicationStatus:
        async with self._lock:
            if self._task is None or self._task.done():
                self._begin(who)
        return self.board.status

    async def stop(self, who: str) -> ApplicationStatus:
        return await self._whole(self._stop(who))

    async def restart(self, who: str) -> ApplicationStatus:
        return await self._whole(self._restart(who))

    async def look_again(self) -> None:
        """The workspace has just been filled: whatever was found in the empty one is wrong from this moment on."""
        if self._task is not None:
            await self.restart("the project's files")

    async def install(self, who: str) -> ApplicationStatus:
        """Bring in the dependencies anew, whatever has changed, and start."""
        return await self._whole(self._restart(who, force_install=True))

    async def prepare(self) -> ApplicationStatus:
        """Bring in the dependencies and start nothing; the status says how that went."""
        async with self._lock:
            await self._end()
            await self._lifecycle.prepare()
        return self.board.status

    async def close(self) -> None:
        async with self._lock:
            await self._end()

    async def _stop(self, who: str) -> ApplicationStatus:
        async with self._lock:
            await self._end()
            self.board.set(State.STOPPED, f"Stopped by {who}.")
        return self.board.status

    async def _restart(self, who: str, *, force_install: bool = False) -> ApplicationStatus:
        async with self._lock:
            await self._end()
            self._begin(who, force_install=force_install)
        return self.board.status

    async def _whole(self, change: Coroutine[Any, Any, ApplicationStatus]) -> ApplicationStatus:
        """Ending takes seconds: a caller that goes away meanwhile does not leave it half done."""
        task = asyncio.create_task(change, name="application-change")
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    def _begin(self, who: str, *, force_install: bool = False) -> None:
        self.board.set(State.STARTING, f"Started by {who}.")
        self._task = asyncio.create_task(self._live(force_install), name="application")

    async def _live(self, force_install: bool) -> None:
        try:
            if self._site is not None and self._site.site is not None:
                await self._published.live(self._site, self._site.site)
                return
            async with self._watcher.subscribe() as changes:
                await self._lifecycle.live(changes, force_install=force_install)
        except Exception as error:
            log.exception("application.failed")
            self.board.set(State.CRASHED, f"The bridge could not run it: {error}. Restart it.")

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _by_call(
        self, action: Callable[[str], Awaitable[ApplicationStatus]]
    ) -> Callable[["Connection", Nothing], Awaitable[ApplicationStatus]]:
        async def handler(peer: "Connection", _: Nothing) -> ApplicationStatus:
            return await action(peer.member.name)

        return handler

    async def _status(self, _: "Connection", __: Nothing) -> ApplicationStatus:
        return self.board.status

    async def _subscribe(self, peer: "Connection", params: SubscribeParams) -> Reply:
        """Visitors of a public project follow the state only: the output is for members."""
        lines = [] if peer.member.visits else self.output.after(params.after)
        last = lines[-1].seq if lines else self.output.last

        def follow() -> None:
            peer.close_held(self)
            tasks = [asyncio.create_task(self._tell_status(peer), name="application-status")]
            if not peer.member.visits:
                tasks.append(asyncio.create_task(self._tell_output(peer, last), name="application-output"))
            peer.on_close(self, lambda: [task.cancel() for task in tasks])

        return Reply(OutputMessage(lines=lines), follow)

    async def _tell_output(self, peer: "Connection", last: int) -> None:
        """At the pace of the reader: what it is too slow for falls out of the ring, and the numbers show it."""
        while not peer.outbox.closed:
            if self.output.last == last:
                await self.output.grown()
            lines = self.output.after(last, limit=PER_MESSAGE)
            if lines:
                last = lines[-1].seq
                peer.notify("application.output", OutputMessage(lines=lines))
            await asyncio.sleep(0.02)
            await peer.outbox.room()

    async def _tell_status(self, peer: "Connection") -> None:
        while not peer.outbox.closed:
            status = self.board.status
            peer.notify("application.changed", status)
            while status is self.board.status:
                await self.board.changed()
            await peer.outbox.room()
