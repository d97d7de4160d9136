"""An image of a project's own, run beside the bridge's container, in its network and with limits of its own.

A program inside asks for it at a socket of the gateway and passes on what it prints, so that to the bridge it is a
program like any other: shown, restarted and ended like one. Its container ends with that program and with the run, but
not with this server: the next one is asked again, and finds it.
"""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from firefly.errors import Conflict, FireflyError, NotFound, Unavailable
from firefly.protocol.companion import ERRORS, LONGEST_FRAME, LONGEST_WISH, OUTPUT, SOCKET, End, Wish, frame
from firefly.sandbox.processes import explain
from firefly.sandbox.tasks import Tasks
from firefly.sandbox.terms import size
from firefly.unixsockets import put_in_place

from .companion_plan import Plan
from .engine import Engine
from .labels import INSTANCE

log = structlog.get_logger()

COMPANION = "firefly.companion"
GRACE, STOP_LIMIT = 5, 15.0
# Programs inside ask again every half second while no server answers.
COMES_BACK, PAUSE = 5.0, 0.25
STDERR, KILLED = 2, 137
# Programs that may ask at one time; each holds a connection of this server's.
MOST_ASKING = 16
# What it writes is measured, by the engine; and the exit status of one that has written too much.
MEASURE_EVERY, FULL = 60.0, 122


@dataclass(slots=True)
class Companion:
    """Of one run. `container` is the engine's id of what runs now, empty where nothing does."""

    engine: Engine
    plan: Plan
    gateway: Path
    container: str = ""
    frozen: bool = False
    _server: asyncio.Server | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: Tasks = field(default_factory=Tasks)
    _asking: int = 0
    _closing: bool = False

    async def open(self) -> None:
        listener = await asyncio.to_thread(put_in_place, self.gateway / SOCKET, mode=0o666)
        self._server = await asyncio.start_unix_server(self._came, sock=listener, limit=LONGEST_WISH)
        if self.container:
            self._begin(self._expect(self.container))

    async def close(self) -> None:
        """Let go of it. What runs goes on, for the next server, unless its run has ended."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    async def end(self) -> None:
        """Let go of it, and end what runs."""
        await self.close()
        await self._remove()

    async def usage(self) -> Mapping[str, Any] | None:
        """The engine's figures of what runs now; None where nothing does."""
        if not self.container:
            return None
        with contextlib.suppress(NotFound):
            return await usage(self.engine, self.container)
        return None

    async def pause(self, *, frozen: bool) -> None:
        """With the bridge's container; what has ended meanwhile needs neither."""
        self.frozen = frozen
        if self.container:
            with contextlib.suppress(NotFound, Conflict):
                await self.engine.pause(self.container, frozen=frozen)

    def _came(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._asking < MOST_ASKING:
            self._asking += 1
            self._begin(self._answer(reader, writer)).add_done_callback(self._answered)
        else:
            writer.close()

    def _answered(self, _: "asyncio.Task[None]") -> None:
        self._asking -= 1

    async def _expect(self, container: str) -> None:
        """Remove what an earlier server has left, unless whoever asked for it comes back, as far as that is awake."""
        patience = COMES_BACK
        while patience > 0 and not self._turn.locked():
            await asyncio.sleep(PAUSE)
            patience -= 0 if self.frozen else PAUSE
        async with self._turn:
            if self.container == container and patience <= 0:
                await self._remove()

    def _begin(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        return self._tasks.start(work, "docker-companion")

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            wish = Wish.read(await reader.readline())
            async with self._turn:
                end = await self._serve(wish, reader, writer)
            if end is not None:
                writer.write(end.frame())
                await writer.drain()
        except (ValueError, OSError) as error:
            log.debug("docker.companion_left", reason=str(error))
        finally:
            writer.close()

    async def _serve(self, wish: Wish, reader: StreamReader, writer: StreamWriter) -> End | None:
        """Run it, and pass on what it prints, until it has ended.

        None: whoever asked for it is gone, and so is it; or the engine is, which has let it go on, and asked again it
        may be back.
        """
        stays = False
        try:
            if wish.since is None or not self.container:
                await self._start(wish)
            writer.write(frame(OUTPUT, b""))
            try:
                said = await self._follow(wish.since or 0.0, reader, writer)
                end = await self._ended() if said == "" else End(FULL, said) if said else None
                stays = said == "" and end is None
            except Unavailable:
                stays, end = True, None
            return end
        except FireflyError as error:
            return End(1, error.detail)
        finally:
            if not (self._closing or stays):
                await self._tasks.finish(self._remove(), "docker-companion-end")

    async def _start(self, wish: Wish) -> None:
        """Anew, whatever was there. Raises what the engine says against it, Unavailable while that does not end."""
        await self._remove()
        if self.container:
            raise Unavailable("What ran before has not ended yet.")
        async with self.engine.calling() as docker:
            container = await docker.containers.create(self.plan.body(wish))
            self.container = str(container.id)
            await container.start()
        if self.frozen:
            await self.pause(frozen=True)

    async def _follow(self, since: float, reader: StreamReader, writer: StreamWriter) -> str | None:
        """Why it is over; empty where it has ended by itself, None where the other side has gone before."""
        telling = asyncio.ensure_future(self._tell(since, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        growing = asyncio.ensure_future(self._grow())
        tasks = (telling, leaving, growing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if growing.done():
                return growing.result()
            return telling.result() or "" if telling.done() else None
        except OSError:
            return None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _grow(self) -> str:
        """Return once it has written more than it may."""
        while True:
            await asyncio.sleep(MEASURE_EVERY)
            with contextlib.suppress(FireflyError):
                found = await self.engine.call("GET", f"containers/{self.container}/json", size="1")
                if int(found.get("SizeRw") or 0) > self.plan.disk:
                    return f"It has written more than the {size(self.plan.disk)} that it may."

    async def _tell(self, since: float, writer: StreamWriter) -> None:
        query = {"follow": "1", "stdout": "1", "stderr": "1", "since": f"{since:.6f}"}
        async with self.engine.raw("GET", f"containers/{self.container}/logs", **query) as pieces:
            async for stream, data in frames(pieces):
                writer.write(frame(ERRORS if stream == STDERR else OUTPUT, data))
                await writer.drain()

    async def _ended(self) -> End | None:
        """None: it goes on, and only its engine did not."""
        found = await self.engine.call("GET", f"containers/{self.container}/json")
        state, memory = found["State"], int(found["HostConfig"]["Memory"])
        if state["Running"]:
            return None
        code = int(state["ExitCode"])
        starved = bool(state["OOMKilled"]) and code == KILLED
        return End(code, explain(code, oom_kills=1, memory=memory) if starved else str(state["Error"]))

    async def _remove(self) -> None:
        """Ask it to end, then see to it, with its anonymous volumes."""
        if not self.container:
            return
        try:
            async with self.engine.calling(STOP_LIMIT) as docker:
                container = docker.containers.container(self.container)
                await container.stop(t=GRACE)
                await container.delete(force=True, v=True)
            self.container = ""
        except NotFound:
            self.container = ""
        except FireflyError as error:
            log.warning("docker.companion_kept", container=self.container, reason=error.detail)


def begun(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By their runs' ids, the companions that an earlier server has left: not one that it was about to start.

    One that runs is found before one that has ended.
    """
    ours = [one for one in found if COMPANION in one["Labels"] and one["State"] != "created"]
    ours.sort(key=lambda one: one["State"] in ("running", "paused"))
    return {str(one["Labels"].get(INSTANCE, "")): str(one["Id"]) for one in ours}


async def usage(engine: Engine, container: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = await engine.call("GET", f"containers/{container}/stats?stream=false&one-shot=true")
    return found


async def frames(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Each piece of an engine's log with its stream; eight bytes before it tell both."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        while len(data) >= 8:
            length = min(int.from_bytes(data[4:8], "big"), LONGEST_FRAME)
            if len(data) < 8 + length:
                break
            yield data[0], bytes(data[8 : 8 + length])
            del data[: 8 + length]
